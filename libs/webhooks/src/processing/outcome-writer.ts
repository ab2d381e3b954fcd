import { GroupCommit } from '@app/bodies'
import { inMinorUnits, type Observation } from '@app/connector-kit'
import { BY_INDEX, type Database, isDataAtFault, type Sql } from '@app/database'
import { retryAfterSeconds } from '@app/jobs'
import { newId } from '@app/http'
import { type News, type Outbox } from '@app/outbox'
import { keptKey } from '../event/webhook-event.ts'
import { AttemptFailed, type EventUnderWork } from './event-work.ts'
import type { Fact, Facts, Reaction } from './facts.ts'
import { plainNews } from './plain-news.ts'
import { visit } from './visit.ts'

/** How an attempt ended, before it is written. */
export type Outcome = { event: EventUnderWork; ms: number } & (
  | { kind: 'understood'; facts: Fact[] }
  /** The body is gone: what was made of it before is told once more. */
  | { kind: 'told_again' }
  | { kind: 'failed'; failure: AttemptFailed }
)

/** `lost`: somebody else has it by now, and nothing was written. */
export type Written = 'completed' | 'retrying' | 'dead_letter' | 'lost'

const LANES = 2
/** What rooms do with the facts of a group; some statements each, and the rows of the group are locked meanwhile. */
const REACT_WITHIN_MS = 4_000

/**
 * Outcomes, committed in groups: the event's status, what was changed by its facts, and what goes out, all in one
 * transaction under the event's lease. By hand: a statement for the whole group, fenced by the lease tokens.
 */
export class OutcomeWriter {
  readonly #groups: GroupCommit<Outcome, Written>

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly facts: Facts,
  ) {
    this.#groups = new GroupCommit(
      { lanes: LANES, groupItems: 100, groupBytes: 8 * 1024 * 1024, waitingBytes: 64 * 1024 * 1024 },
      (outcomes) => this.#write(outcomes),
    )
  }

  write(outcome: Outcome): Promise<Written> {
    return this.#groups.add(outcome, 2_000)
  }

  close(): Promise<void> {
    return this.#groups.close()
  }

  async #write(outcomes: Outcome[]): Promise<(Written | Error)[]> {
    try {
      const written = await this.#commit(outcomes)
      this.outbox.committed()
      return written
    } catch (error) {
      const [only, second] = outcomes
      if (only && !second) return [await this.#refused(only, error)]
      // One whose facts are refused must not sink its neighbours.
      const each: (Written | Error)[] = []
      for (const outcome of outcomes) each.push(...(await this.#write([outcome])))
      return each
    }
  }

  /** What a room or the database refuses is the event's failure; what was lost on the way leaves it to its lease. */
  async #refused(outcome: Outcome, cause: unknown): Promise<Written | Error> {
    if (outcome.kind === 'failed') return cause as Error
    const failure =
      cause instanceof AttemptFailed
        ? cause
        : new AttemptFailed('facts_refused', { permanent: isDataAtFault(cause), cause })
    const { event, ms } = outcome
    const [written] = await this.#write([{ event, ms, kind: 'failed', failure }])
    return written ?? (cause as Error)
  }

  async #commit(outcomes: Outcome[]): Promise<Written[]> {
    const done = outcomes.filter(({ kind }) => kind !== 'failed')
    const failed = outcomes.filter((outcome) => outcome.kind === 'failed')
    return this.database.transaction(async ({ query }) => {
      const unit: Sql = { query }
      const completed = done.length === 0 ? new Set<string>() : await complete(unit, done)
      const ours = done.filter(({ event }) => completed.has(leaseOf(event)))
      await visit(unit, REACT_WITHIN_MS, (lent) => this.#react(lent, ours))
      const ends = failed.length === 0 ? new Map<string, Written>() : await fail(unit, failed)
      return outcomes.map(({ event, kind }) => {
        if (kind === 'failed') return ends.get(leaseOf(event)) ?? 'lost'
        return completed.has(leaseOf(event)) ? 'completed' : 'lost'
      })
    }, BY_INDEX)
  }

  /** In the order in which the events came, so that what is told of one object is told in order. */
  async #react(unit: Sql, outcomes: Outcome[]): Promise<void> {
    const references: Reference[] = []
    const plain: News[] = []
    for (const outcome of outcomes) {
      const { event } = outcome
      if (outcome.kind === 'told_again') await this.#tellAgain(unit, event)
      if (outcome.kind !== 'understood') continue
      const reactions: Reaction[] = []
      for (const fact of outcome.facts) {
        const listener = this.facts.listenerOf(fact.observation.resource)
        reactions.push(listener ? await listener(unit, fact) : { news: [plainNews(fact)] })
      }
      references.push(...referencesOf(outcome, reactions))
      const news = reactions.flatMap((reaction) => reaction.news)
      if (event.replay_id === null) plain.push(...news)
      else {
        await this.outbox.add(unit, news, event.replay_id)
        await this.#tellAgain(unit, event, new Set(news.map(({ id }) => id)))
      }
    }
    if (references.length > 0) await unit.query({ name: 'refer', text: REFER, values: columnsOf(references) })
    await this.outbox.add(unit, plain)
  }

  /** A replay delivers what the event made before as well: its facts may change nothing any more. */
  async #tellAgain(unit: Sql, event: EventUnderWork, but: ReadonlySet<string> = new Set()): Promise<void> {
    const { rows } = await unit.query<{ id: string }>(
      'SELECT id FROM outgoing_events WHERE event_id = $1 ORDER BY recorded_at, id',
      [event.id],
    )
    const told = rows.filter(({ id }) => !but.has(id)).map(({ id }) => ({ id, replayId: event.replay_id }))
    await this.outbox.tell(unit, told)
  }
}

interface Reference {
  projectId: string
  reference: string
  connectionId: string
  eventId: string
}

/** By what an event is found again: what the provider calls it, what we call it, and what happened to it. */
function referencesOf(outcome: Outcome, reactions: readonly Reaction[]): Reference[] {
  const { event } = outcome
  const facts = outcome.kind === 'understood' ? outcome.facts : []
  const all = new Set([
    ...facts.map(({ observation }) => observation.ref),
    ...reactions.flatMap(({ references = [] }) => references),
    ...reactions.flatMap(({ news }) => news.flatMap(({ type, subject }) => [`type:${type}`, subject])),
  ])
  return [...all]
    .filter((reference) => reference !== '')
    .map((reference) => ({
      projectId: event.project_id,
      reference: keptKey(reference),
      connectionId: event.connection_id,
      eventId: event.id,
    }))
}

function columnsOf(references: readonly Reference[]): string[][] {
  return [
    references.map(({ projectId }) => projectId),
    references.map(({ reference }) => reference),
    references.map(({ connectionId }) => connectionId),
    references.map(({ eventId }) => eventId),
  ]
}

// In one order, so that two groups never wait for each other crosswise.
const REFER = `
  INSERT INTO event_references (project_id, reference, connection_id, event_id)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[]) AS r (project_id, reference, connection_id, event_id)
  ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING`

type Lease = Pick<EventUnderWork, 'id' | 'lease_token'>

/** A row and whose it is: a lease that was lost and the one that followed it may come in one group. */
function leaseOf({ id, lease_token: token }: Lease): string {
  return `${id} ${token}`
}

async function complete(unit: Sql, outcomes: readonly Outcome[]): Promise<Set<string>> {
  const { rows } = await unit.query<Lease>({
    name: 'complete-events',
    text: COMPLETE,
    values: [
      outcomes.map(({ event }) => event.id),
      outcomes.map(({ event }) => event.lease_token),
      outcomes.map((outcome) => (outcome.kind === 'understood' ? dataOf(outcome.facts) : null)),
      outcomes.map(({ ms }) => Math.round(ms)),
    ],
  })
  return new Set(rows.map(leaseOf))
}

/** Allow-listed by the connector: the payload is not among it. */
function dataOf(facts: readonly Fact[]): string {
  const observations: (Observation & { trust: string })[] = facts.map(({ observation, trust }) => ({
    ...observation,
    trust,
  }))
  return JSON.stringify({ observations }, inMinorUnits)
}

const COMPLETE = `
  UPDATE integration_events e SET status = 'completed', data = coalesce(o.data, e.data), processed_at = clock_timestamp(),
    processing_duration_ms = o.ms, lease_until = NULL, next_retry_at = NULL, error_message = NULL, error_details = NULL
  FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::int[]) AS o (id, token, data, ms)
  WHERE e.id = o.id AND e.lease_token = o.token AND e.status = 'processing' RETURNING e.id, e.lease_token`

async function fail(
  unit: Sql,
  outcomes: readonly (Outcome & { kind: 'failed' })[],
): Promise<Map<string, Written>> {
  const delays = outcomes.map(({ event, failure: { circumstances } }) =>
    circumstances.permanent || event.retry_count > event.max_retries
      ? null
      : retryAfterSeconds(event.retry_count, { askedFor: circumstances.retryAfter }),
  )
  const { rows } = await unit.query<Lease & { status: 'retrying' | 'dead_letter' }>({
    name: 'fail-events',
    text: FAIL,
    values: [
      outcomes.map(({ event }) => event.id),
      outcomes.map(({ event }) => event.lease_token),
      outcomes.map(({ failure }) => failure.code),
      delays,
      outcomes.map(({ ms }) => Math.round(ms)),
      outcomes.map(() => newId()),
    ],
  })
  return new Map(rows.map((row) => [leaseOf(row), row.status]))
}

const FAIL = `
  WITH o AS (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::double precision[], $5::int[], $6::uuid[])
      AS o (id, token, code, delay, ms, attempt_id)
  ), ended AS (
    UPDATE integration_events e SET
      status = CASE WHEN o.delay IS NULL THEN 'dead_letter' ELSE 'retrying' END::integration_event_status,
      next_retry_at = now() + o.delay * interval '1 second', lease_until = NULL,
      error_message = o.code, error_details = jsonb_build_object('code', o.code, 'attempt', e.retry_count)
    FROM o WHERE e.id = o.id AND e.lease_token = o.token AND e.status = 'processing'
    RETURNING e.id, e.lease_token AS token, e.status, e.project_id, e.retry_count, e.replay_id
  ), noted AS (
    INSERT INTO event_attempts (id, event_id, project_id, kind, attempt, code, replay_id, duration_ms)
    SELECT o.attempt_id, ended.id, ended.project_id, 'failed', ended.retry_count, o.code, ended.replay_id, o.ms
    FROM ended JOIN o USING (id, token) WHERE ended.project_id IS NOT NULL
  )
  SELECT id, token AS lease_token, status FROM ended`
