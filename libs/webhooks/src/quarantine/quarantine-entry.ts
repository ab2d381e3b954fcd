/** A delivery that failed verification, waiting for a day. */
export class QuarantineEntry {
  readonly id!: string
  readonly project_id!: string
  readonly environment!: string
  readonly connection_id!: string
  readonly provider!: string
  readonly reason!: string
  readonly raw_body_url!: string
  readonly body_size!: number
  readonly body_hash!: string
  readonly source_ip!: string | null
  readonly received_at!: Date
  /** The event that it became, once its secret was corrected. */
  readonly event_id!: string | null

  becameEvent(id: string): void {
    Object.assign(this, { event_id: id } satisfies Partial<QuarantineEntry>)
  }
}
