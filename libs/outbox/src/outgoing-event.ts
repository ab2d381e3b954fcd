import type { EventType } from '@app/connector-kit'

/** What an event says, in `data` of the envelope (unified-models.md 6). Money in it is integer minor units. */
export interface NewsData {
  /** The whole resource as the API shows it, or `{id, status, version}` where it would be too large. */
  object: Record<string, unknown>
  /** Of the resource; a consumer drops what is not newer than what it holds. */
  version?: number
  /** What was before, of the members that changed. */
  previous?: Record<string, unknown>
  /**
   * `signed`: the provider signed what is said; `confirmed`: we asked the provider; `observed`: we saw it ourselves;
   * `unconfirmed`: somebody said so who knew the secret of the address.
   */
  trust: 'signed' | 'confirmed' | 'observed' | 'unconfirmed'
  /** It happened after the end of what it happened to. */
  late?: boolean
  /** The object was too large to be carried along. */
  thin?: true
}

/** Something happened that the customer's application shall hear of. */
export interface News {
  /** By {@link idOf}, so that whatever tells it twice tells one event. */
  id: string
  projectId: string
  environment: 'dev' | 'staging' | 'prod'
  connectionId: string | null
  provider: string | null
  /** The delivery it came from; null: it came from none. */
  eventId: string | null
  type: EventType
  /** Our id of what it is about. */
  subject: string
  /** When it happened at the provider; the time of receipt where that is not known. */
  occurredAt: Date
  data: NewsData
}

/** One row of `outgoing_events`. */
export class OutgoingEvent {
  readonly id!: string
  readonly project_id!: string
  readonly environment!: 'dev' | 'staging' | 'prod'
  readonly connection_id!: string | null
  readonly provider!: string | null
  readonly event_id!: string | null
  readonly type!: EventType
  readonly subject!: string
  readonly occurred_at!: Date
  readonly recorded_at!: Date
  readonly data!: NewsData
}
