import { Egress, EgressFailure, type EgressReply, retryAfterMs } from '@app/egress'
import { answerExcerpt } from '../answer-excerpt.ts'
import { type Address, Channel, GONE, type Outcome, type Parcel } from '../channel.ts'

/** A customer's server has so long to say that it has it, and so much to say. */
const LIMITS = { totalMs: 15_000, answerBytes: 64 * 1024 }

/** A POST under Standard Webhooks. What counts is the status: any 2xx has it, 410 wants no more, all else is tried again. */
export class HttpChannel extends Channel {
  constructor(private readonly egress: Egress) {
    super()
  }

  override async send(address: Address, { body, signature }: Parcel, signal: AbortSignal): Promise<Outcome> {
    const request = {
      method: 'POST',
      url: address.url,
      headers: { 'content-type': 'application/cloudevents+json', 'user-agent': 'Wasl', ...signature },
      body,
      // The customer's events are nobody's log lines.
      confidential: true,
    }
    try {
      return outcomeOf(await this.egress.send(request, { signal, limits: LIMITS }))
    } catch (error) {
      return failureOf(error)
    }
  }

  override async close(): Promise<void> {
    // Sockets are the egress room's.
  }
}

function outcomeOf({ status, headers, body }: EgressReply): Outcome {
  const excerpt = answerExcerpt(body)
  const seen = { status, ...(excerpt !== undefined && { excerpt }) }
  if (isTaken(status)) return { code: 'delivered', delivered: true, ...seen }
  if (status === 410) return { code: GONE, delivered: false, permanent: true, ...seen }
  const asked = status === 429 || status === 503 ? retryAfterMs(headers, Date.now()) / 1_000 : 0
  return { code: `http_${status}`, delivered: false, ...seen, ...(asked > 0 && { retryAfter: asked }) }
}

function failureOf(error: unknown): Outcome {
  if (!(error instanceof EgressFailure)) return { code: 'unreachable', delivered: false }
  const { status, reason } = error
  const seen = status === undefined ? {} : { status }
  // It had said that it has it before its answer broke off or grew too long.
  if (status !== undefined && isTaken(status)) return { code: 'delivered', delivered: true, ...seen }
  return { code: CODES[reason] ?? 'unreachable', delivered: false, ...seen }
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300
}

const CODES: Partial<Record<EgressFailure['reason'], string>> = {
  address: 'refused_address',
  url: 'refused_address',
  request: 'invalid_request',
  tls: 'tls_failed',
  connect_timeout: 'timeout',
  headers_timeout: 'timeout',
  total_timeout: 'timeout',
  cancelled: 'cancelled',
  reset: 'broken_answer',
  malformed: 'broken_answer',
  encoding: 'broken_answer',
  too_large: 'broken_answer',
}
