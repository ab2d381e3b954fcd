import type { Taken, WorkTable } from '@app/jobs'
import type { KeptEvent } from '../event/kept-event.ts'

/** What processing asks of an event. */
const READS = [
  'connection_id',
  'project_id',
  'environment',
  'provider',
  'headers',
  'raw_body_url',
  'event_hash',
  'body_size',
  'trust',
  'data',
  'max_retries',
  'created_at',
  'body_expires_at',
  'replay_id',
] as const

/** One event under work: its row, the attempt counted and the lease ours. */
export type EventUnderWork = Taken<Pick<KeptEvent, (typeof READS)[number]>>

/** The event table as work: a lane a connection. What a suspended one was sent is held. */
export const EVENT_WORK: WorkTable = {
  name: 'integration_events',
  lane: 'connection_id',
  statusType: 'integration_event_status',
  reads: READS,
  laneIsOpen: "(SELECT c.status <> 'suspended' FROM integration_connections c WHERE c.id = l.lane)",
  // Lost once is bad luck: its process was killed, with all it had under way. Tokens count claims and losses, attempts
  // only claims. Handled alone, four hundred that wait for their providers would take longer than a minute.
  isSuspect: "w.error_message = 'worker_lost' AND w.lease_token > w.retry_count + 1",
}

/** Why an attempt failed: a code of ours, kept with the event. */
export type FailureCode =
  | 'body_expired'
  | 'body_integrity'
  | 'body_store_unavailable'
  | 'cannot_confirm'
  | 'confirmation_failed'
  | 'connection_not_usable'
  | 'connector_failed'
  | 'facts_refused'
  | 'handler_timeout'
  | 'no_connector'
  | 'unreadable_body'

/** An attempt that came to nothing. */
export class AttemptFailed extends Error {
  constructor(
    readonly code: FailureCode,
    readonly circumstances: {
      /** No later attempt would end otherwise. */
      permanent?: boolean
      /** Seconds that the provider asked for. */
      retryAfter?: number | undefined
      cause?: unknown
    } = {},
  ) {
    super(code, { cause: circumstances.cause })
    this.name = 'AttemptFailed'
  }
}
