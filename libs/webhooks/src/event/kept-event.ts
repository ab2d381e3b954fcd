import type { EventTrust } from './webhook-event.ts'

/** One verified delivery as it lies in `integration_events`. */
export class KeptEvent {
  readonly id!: string
  readonly connection_id!: string
  readonly project_id!: string
  readonly environment!: string
  readonly provider!: string
  readonly event_type!: string | null
  /** The provider's own id of it. */
  readonly event_id!: string | null
  readonly headers!: Record<string, string>
  readonly raw_body_url!: string | null
  readonly event_hash!: string
  readonly signature!: string | null
  readonly body_size!: number
  readonly trust!: EventTrust | null
  readonly status!: string
  readonly data!: unknown
  readonly processed_at!: Date | null
  readonly processing_duration_ms!: number | null
  readonly error_message!: string | null
  readonly error_details!: unknown
  readonly retry_count!: number
  readonly max_retries!: number
  readonly next_retry_at!: Date | null
  readonly source_ip!: string | null
  readonly user_agent!: string | null
  readonly created_at!: Date
  readonly updated_at!: Date
  readonly body_expires_at!: Date | null
  readonly lease_until!: Date | null
  readonly lease_token!: bigint
  /** The replay under which it is processed, or was last. */
  readonly replay_id!: string | null

  /** Its raw body may still be shown: it was kept, and its retention runs. */
  hasBodyAt(now: Date): this is { raw_body_url: string } {
    return this.raw_body_url !== null && this.body_expires_at !== null && this.body_expires_at > now
  }
}
