import type { Values } from './values.ts'

export const statuses = ['pending', 'processing', 'completed', 'failed', 'retrying', 'dead_letter'] as const
export type EventStatus = (typeof statuses)[number]

/** What a list of events asks for. Every part of it narrows the others. */
export interface Sought {
  projectId: string
  environment: string | null
  connectionId?: string | undefined
  provider?: string | undefined
  type?: TypeWord | undefined
  status?: EventStatus | undefined
  from?: Date | undefined
  to?: Date | undefined
  name?: Name | undefined
  /** The row of the cursor: what is sought lies before it. */
  before: string | null
}

/** What happened: in the provider's word, and in ours where it is one of the catalogue. */
export interface TypeWord {
  word: string
  isOurs: boolean
}

/** What an event may be called. */
export interface Name {
  /** Our id of it, where it has the form of one. */
  id: string | null
  /** The provider's id, as events keep it. */
  eventId: string
  /** Of what it speaks: the provider's id or ours. */
  references: readonly string[]
}

/** What is asked for, as SQL about an event `e` or a connection `c`; `true` where nothing is. */
export interface Conditions {
  connection: string
  tenant: string
  status: string
  type: string
  time: string
  all: string
}

export const and = (...conditions: string[]): string =>
  conditions.filter((condition) => condition !== 'true').join(' AND ') || 'true'

/** By this an event is found that became one of our catalogue. */
export const referenceOfType = (type: string): string => `type:${type}`

export function conditionsOf(sought: Sought, values: Values): Conditions {
  const { projectId, environment, connectionId, provider, status, from, to, before } = sought
  const is = (column: string, value: string | null | undefined, type: 'uuid' | 'text'): string =>
    value === null || value === undefined ? 'true' : `${column} = ${values.bind(value, type)}`
  // As text: a provider that the database has never heard of has no events, and is no error.
  const of = (row: 'e' | 'c'): string[] => [
    is(`${row}.project_id`, projectId, 'uuid'),
    is(`${row}.environment::text`, environment, 'text'),
    is(`${row}.provider::text`, provider, 'text'),
    is(row === 'c' ? 'c.id' : 'e.connection_id', connectionId, 'uuid'),
  ]
  const tenant = and(...of('e').slice(0, 2))
  // Spelt out: an index of one status serves only a question that names it.
  const ofStatus = status === undefined ? 'true' : `e.status = '${status}'`
  const type = ofType(sought.type, values)
  const time = and(
    from ? `e.created_at >= ${values.bind(from, 'timestamptz')}` : 'true',
    to ? `e.created_at < ${values.bind(to, 'timestamptz')}` : 'true',
  )
  const earlier = before === null ? 'true' : `e.id < ${values.bind(before, 'uuid')}`
  return {
    connection: and(...of('c')),
    tenant,
    status: ofStatus,
    type,
    time,
    all: and(...of('e'), ofStatus, type, time, earlier),
  }
}

function ofType(type: TypeWord | undefined, values: Values): string {
  if (type === undefined) return 'true'
  const native = `e.event_type = ${values.bind(type.word, 'text')}`
  if (!type.isOurs) return native
  return `(${native} OR EXISTS (SELECT FROM event_references r WHERE r.project_id = e.project_id
    AND r.reference = ${values.bind(referenceOfType(type.word), 'text')} AND r.connection_id = e.connection_id AND r.event_id = e.id))`
}
