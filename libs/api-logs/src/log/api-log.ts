/** One outbound call as it was kept: redacted, and with headers and bodies where it failed or was sampled. */
export class ApiLog {
  readonly id!: string
  /** null: the connection is gone, or there was none. */
  readonly connection_id!: string | null
  readonly project_id!: string | null
  readonly environment!: string | null
  readonly provider!: string
  readonly operation!: string | null
  readonly attempt!: number | null
  readonly method!: string
  readonly endpoint!: string
  readonly request_headers!: Record<string, string> | null
  readonly request_body!: string | null
  /** null: there was no answer. */
  readonly response_status!: number | null
  readonly response_headers!: Record<string, string> | null
  readonly response_body!: string | null
  readonly response_time_ms!: number | null
  readonly error_message!: string | null
  readonly is_error!: boolean
  readonly rate_limit_remaining!: number | null
  readonly rate_limit_reset_at!: Date | null
  readonly created_at!: Date
}

/** As a list reads it. */
export type CallSummary = Omit<
  ApiLog,
  'request_headers' | 'request_body' | 'response_headers' | 'response_body'
>
