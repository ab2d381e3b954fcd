/** Did anything happen at the provider? Only `none` may be repeated or sent elsewhere without asking. */
export type Effect = 'none' | 'unknown' | 'done'

/** May the call be made again: by itself, at another provider, or after somebody has mended something? */
export type Retry = 'never' | 'same' | 'other' | 'after_fix'

const FAILURES = {
  address: { code: 'refused_address', retry: 'after_fix' },
  url: { code: 'refused_address', retry: 'after_fix' },
  request: { code: 'invalid_request', retry: 'after_fix' },
  unsupported_auth: { code: 'unsupported', retry: 'after_fix' },
  credentials: { code: 'connection_unauthorized', retry: 'after_fix' },
  no_token: { code: 'connection_unauthorized', retry: 'after_fix' },
  exchange: { code: 'provider_error', retry: 'same' },
  rate_limit: { code: 'rate_limited', retry: 'same' },
  breaker_open: { code: 'provider_unavailable', retry: 'other' },
  dns: { code: 'provider_unavailable', retry: 'other' },
  connect: { code: 'provider_unavailable', retry: 'other' },
  connect_timeout: { code: 'provider_unavailable', retry: 'other' },
  tls: { code: 'provider_unavailable', retry: 'other' },
  headers_timeout: { code: 'provider_timeout', retry: 'same' },
  total_timeout: { code: 'provider_timeout', retry: 'same' },
  cancelled: { code: 'provider_timeout', retry: 'same' },
  reset: { code: 'provider_error', retry: 'same' },
  malformed: { code: 'provider_error', retry: 'same' },
  encoding: { code: 'provider_error', retry: 'same' },
  too_large: { code: 'provider_error', retry: 'same' },
  redirect: { code: 'provider_error', retry: 'same' },
  not_json: { code: 'provider_error', retry: 'same' },
} as const satisfies Record<string, { code: string; retry: Retry }>

/** What went wrong, more finely than the code of unified-models.md 2.6; for logs, metrics and tests. */
export type FailureReason = keyof typeof FAILURES
export type FailureCode = (typeof FAILURES)[FailureReason]['code']

interface Circumstances {
  effect: Effect
  /** The status, where the provider had answered one before it went wrong. */
  status?: number
  /** The system's own word for it (`ECONNREFUSED`, `CERT_HAS_EXPIRED`); never an address or a value. */
  detail?: string
  /** Seconds until another try has a chance, where that is known. */
  retryAfter?: number
}

/** A call that brought no answer, as data. Holds no address, no body, no header and no secret; it may be logged whole. */
export class EgressFailure extends Error {
  readonly code: FailureCode
  readonly retry: Retry
  readonly effect: Effect
  readonly status: number | undefined
  readonly detail: string | undefined
  readonly retryAfter: number | undefined

  constructor(
    readonly reason: FailureReason,
    { effect, status, detail, retryAfter }: Circumstances,
  ) {
    const { code, retry } = FAILURES[reason]
    super(`${code} (${detail ? `${reason}, ${detail}` : reason})`)
    this.name = 'EgressFailure'
    this.code = code
    this.retry = retry
    this.effect = effect
    this.status = status
    this.detail = detail
    this.retryAfter = retryAfter
  }
}
