import type { Pass, Verdict } from './breaker/breaker.ts'
import type { Clock } from './clock.ts'
import type { Deadline } from './deadline.ts'
import { EgressFailure } from './egress-failure.ts'
import { type EgressRequest, type HeadersOf, isHeld, isReading } from './egress-request.ts'
import { Excerpt, textOf } from './excerpt.ts'
import { effectOf, failureOf, type Progress } from './failure-of.ts'
import type { CallAnnouncer, CallDetail, FinishedCall } from './finished-call.ts'
import { pathTemplate } from './path-template.ts'

/** Whoever hears of a try's end. */
export interface Audience {
  clock: Clock
  announcer: CallAnnouncer
}

/** One try of a call: how far it came, and how it ended, which is told once. */
export class Attempt {
  readonly progress: Progress
  /** Where it goes, as soon as that is known to be allowed. */
  url?: URL
  pass?: Pass
  #headers: HeadersOf = {}
  #ended = false
  #bytes = 0
  readonly #started: number
  readonly #answer = new Excerpt()
  readonly #asked = new Excerpt()

  constructor(
    readonly request: EgressRequest,
    readonly number: number,
    readonly deadline: Deadline,
    private readonly audience: Audience,
  ) {
    this.progress = { sent: false, reads: isReading(request) }
    this.#started = audience.clock.now()
  }

  get about(): NonNullable<EgressRequest['about']> {
    return this.request.about ?? {}
  }

  begins(status: number, headers: HeadersOf): void {
    this.progress.status = status
    this.#headers = headers
  }

  /** A piece of the answer. */
  came(chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#answer.add(chunk)
  }

  /** A piece of a request that is sent as it comes. */
  went(chunk: Buffer): void {
    this.#asked.add(chunk)
  }

  answered(): void {
    const { status = 0 } = this.progress
    this.#end({ status, outcome: 'answered' }, status >= 500 ? 'bad' : 'good')
  }

  failed(error: unknown): EgressFailure {
    const failure = this.#failureOf(error)
    const { code, reason, effect, status } = failure
    const known = status === undefined ? {} : { status }
    this.#end({ outcome: code, reason, effect, ...known }, verdictOf(failure))
    return failure
  }

  #failureOf(error: unknown): EgressFailure {
    const { reason: ending } = this.deadline
    if (ending === undefined || error instanceof EgressFailure) return failureOf(error, this.progress)
    // Time that ran out before anything was sent is a provider that could not be reached.
    const unreached = ending === 'total_timeout' && !this.progress.sent
    const { status } = this.progress
    return new EgressFailure(unreached ? 'connect_timeout' : ending, {
      effect: effectOf(this.progress),
      ...(status === undefined ? {} : { status }),
    })
  }

  #end(how: Pick<FinishedCall, 'status' | 'outcome' | 'reason' | 'effect'>, verdict: Verdict): void {
    if (this.#ended) return
    this.#ended = true
    const now = this.audience.clock.now()
    this.pass?.(verdict, now)
    if (!this.audience.announcer.isHeard) return
    const detail = this.#detail(how.status)
    this.audience.announcer.announce({
      method: this.request.method,
      host: this.url?.host ?? '',
      path: this.request.template ?? pathTemplate(this.url?.pathname ?? ''),
      ms: now - this.#started,
      bytes: this.#bytes,
      about: this.about,
      attempt: this.number,
      ...how,
      ...(detail && { detail }),
    })
  }

  #detail(status = 0): CallDetail | undefined {
    const { url, headers = {}, body, confidential } = this.request
    if (confidential || this.url === undefined) return undefined
    const detail: CallDetail = { url: String(url), requestHeaders: { ...headers } }
    if (status > 0) detail.responseHeaders = flat(this.#headers)
    const type = headers['content-type']
    const asked = isHeld(this.request)
      ? textOf((body ?? '') as string | Buffer, type)
      : this.#asked.text(type)
    const answer = this.#answer.text(this.#headers['content-type'])
    if (asked !== undefined) detail.requestBody = asked
    if (answer !== undefined) detail.responseBody = answer
    return detail
  }
}

/** What the breaker makes of it: only where the provider's machinery failed is it bad (unified-models.md 7.6). */
function verdictOf({ code, reason }: EgressFailure): Verdict {
  if (reason === 'cancelled' || reason === 'breaker_open' || reason === 'too_large') return 'nothing'
  return /^provider_/.test(code) ? 'bad' : 'nothing'
}

function flat(headers: HeadersOf): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
  )
}
