import { newId } from '@app/http'
import type { ReplayFilter } from './replay.api.ts'

type Environment = 'dev' | 'staging' | 'prod'

/** A request to process again, with who asked for it and why, and how far it has come. */
export class Replay {
  readonly id: string
  readonly project_id: string
  readonly environment: Environment | null
  readonly requested_by: string
  readonly reason: string | null
  readonly filter: ReplayFilter
  readonly status: 'running' | 'done' | 'cancelled' = 'running'
  readonly per_second: number
  /** The last event that it has passed. */
  readonly last_event_id: string
  readonly until_event_id: string
  readonly matched: bigint = 0n
  readonly replayed: bigint = 0n
  readonly next_step_at!: Date
  readonly created_at!: Date
  readonly finished_at: Date | null = null

  constructor(asked: {
    projectId: string
    environment: Environment | null
    by: string
    reason?: string | undefined
    filter: ReplayFilter
    perSecond: number
    /** Events up to and with these ids: nothing that came after the request. */
    after: string
    until: string
    matched: number
  }) {
    this.id = newId()
    this.project_id = asked.projectId
    this.environment = asked.environment
    this.requested_by = asked.by
    this.reason = asked.reason ?? null
    this.filter = asked.filter
    this.per_second = asked.perSecond
    this.last_event_id = asked.after
    this.until_event_id = asked.until
    this.matched = BigInt(asked.matched)
  }

  /** Ends it where it is; what it has moved is processed. */
  cancel(now: Date): void {
    if (this.status === 'running') Object.assign(this, { status: 'cancelled', finished_at: now })
  }
}
