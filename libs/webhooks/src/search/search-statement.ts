import { type Lists, newestOfLists } from './newest-of-lists.ts'
import {
  and,
  type Conditions,
  conditionsOf,
  type EventStatus,
  type Name,
  referenceOfType,
  type Sought,
  type TypeWord,
} from './sought.ts'
import { type IdRange, idRanges } from './time-of-ids.ts'
import { Values } from './values.ts'

const EVENTS = 'integration_events e'

/** An event lies in one of these indexes, by its status; the two that are rare of themselves share one. */
const BY_STATUS = {
  completed: "e.status = 'completed'",
  pending: "e.status = 'pending'",
  retrying: "e.status = 'retrying'",
  dead_letter: "e.status = 'dead_letter'",
  rest: "e.status IN ('processing', 'failed')",
}
const indexOf = (status: EventStatus): string =>
  status === 'processing' || status === 'failed' ? BY_STATUS.rest : BY_STATUS[status]

/**
 * One question for what is sought, newest first; null: there can be none. By hand, and with a way of its own for each kind
 * of question: no single plan is good for a type that half of the events have and for one that none has, and nothing may
 * go through the table. Of what may be rare each connection has its own part of an index, and of each such part only the
 * newest rows are looked at.
 */
export function searchStatement(
  sought: Sought,
  columns: readonly string[],
  most: number,
  withTimeless: boolean,
): { text: string; values: unknown[] } | null {
  const ranges = idRanges(sought, withTimeless)
  if (ranges.length === 0) return null
  const search = new Search(sought, ranges, most)
  const text = `WITH connections AS MATERIALIZED (SELECT c.id FROM integration_connections c WHERE ${search.is.connection}),
    ${search.found()}
    SELECT e.* FROM found CROSS JOIN LATERAL (
      SELECT ${columns.join(', ')} FROM ${EVENTS} WHERE e.id = found.id AND ${search.is.all} LIMIT 1) e
    ORDER BY e.id DESC LIMIT ${most}`
  return { text, values: search.values.all }
}

/** The ways, each of which ends in a CTE `found (id)`. */
class Search {
  readonly values = new Values()
  readonly is: Conditions
  readonly #sought: Sought
  readonly #ranges: readonly IdRange[]
  readonly #most: number

  constructor(sought: Sought, ranges: readonly IdRange[], most: number) {
    this.#sought = sought
    this.#ranges = ranges
    this.#most = most
    this.is = conditionsOf(sought, this.values)
  }

  found(): string {
    const { name, status, type, connectionId, provider, environment } = this.#sought
    if (name) return this.#called(name)
    // Most events are completed: of those it is the type that chooses.
    if (status && (type === undefined || status !== 'completed')) return this.#ofStatus(status)
    if (type !== undefined) return this.#ofType(type)
    return (connectionId ?? provider ?? environment ?? null) === null
      ? this.#ofProject()
      : this.#ofConnections()
  }

  #ofProject(): string {
    const { is, values } = this
    const each = this.#ranges.map(
      ({ least, end }) => `(SELECT e.id FROM ${EVENTS} WHERE ${and(is.tenant, is.time)}
        AND e.id < ${values.bind(end, 'uuid')} AND e.id >= ${values.bind(least, 'uuid')} ORDER BY e.id DESC LIMIT ${this.#most})`,
    )
    return `found AS MATERIALIZED (${each.join(' UNION ALL ')})`
  }

  #ofConnections(): string {
    const { tenant, time } = this.is
    return this.#newest(
      'found',
      Object.values(BY_STATUS).map((index) => this.#byStatus(index, and(tenant, time))),
    )
  }

  #ofStatus(status: EventStatus): string {
    const { tenant, status: exactly, type, time } = this.is
    return this.#newest('found', [this.#byStatus(indexOf(status), and(tenant, exactly, type, time))])
  }

  #ofType({ word, isOurs }: TypeWord): string {
    const { tenant, status, time } = this.is
    const only = and(tenant, status, time)
    const native: Lists = {
      from: EVENTS,
      key: [
        ['e.connection_id', 'l.id'],
        ['e.event_type', this.values.bind(word, 'text')],
      ],
      id: 'e.id',
      only,
    }
    return this.#newest(
      'found',
      isOurs ? [native, this.#byReference(referenceOfType(word), only)] : [native],
      'overlapping',
    )
  }

  /** Each name is one look into an index, or one for each connection. */
  #called({ id, eventId, references }: Name): string {
    const { is, values } = this
    const ours = id === null ? '' : `UNION SELECT e.id FROM ${EVENTS} WHERE e.id = ${values.bind(id, 'uuid')}`
    const theirs = `SELECT e.id FROM ${EVENTS} WHERE e.connection_id = l.id AND e.event_id = ${values.bind(eventId, 'text')} LIMIT 1`
    const spokenOf = references.map((reference) => this.#byReference(reference, is.all))
    return `${this.#newest('spoken_of', spokenOf, 'overlapping')}, found AS MATERIALIZED (
      SELECT id FROM spoken_of
      UNION SELECT p.id FROM connections l CROSS JOIN LATERAL (${theirs}) p ${ours})`
  }

  #byStatus(index: string, only: string): Lists {
    return { from: EVENTS, key: [['e.connection_id', 'l.id']], id: 'e.id', only: and(index, only) }
  }

  /** With a look at the event, which may be gone before what refers to it is. */
  #byReference(reference: string, only: string): Lists {
    const { values } = this
    return {
      from: `event_references r CROSS JOIN LATERAL (
        SELECT FROM ${EVENTS} WHERE e.id = r.event_id AND ${only} LIMIT 1) there`,
      key: [],
      id: 'r.event_id',
      only: `r.project_id = ${values.bind(this.#sought.projectId, 'uuid')} AND r.reference = ${values.bind(reference, 'text')}
        AND r.connection_id = l.id`,
    }
  }

  #newest(name: string, lists: readonly Lists[], overlapping?: 'overlapping'): string {
    const overlap = overlapping ? lists.length : 1
    return newestOfLists(lists, this.#ranges, { name, most: this.#most, overlap, values: this.values })
  }
}
