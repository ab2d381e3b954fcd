import type { Cidr } from '@app/config'
import type { Dispatcher } from 'undici'
import { readAnswer } from './answer-body.ts'
import { type Resolve, systemResolve } from './connector.ts'
import { Deadline } from './deadline.ts'
import { guardedDispatcher, localDispatcher } from './dispatch.ts'
import { EgressFailure } from './egress-failure.ts'
import {
  type CallLimits,
  type EgressReply,
  type EgressRequest,
  isReading,
  isSendable,
  type SendOptions,
} from './egress-request.ts'
import { effectOf, failureOf, type Progress } from './failure-of.ts'
import { CallAnnouncer, type CallListener, type FinishedCall } from './finished-call.ts'
import { pathTemplate } from './path-template.ts'
import type { EgressRoutes } from './routes.ts'
import { guardedUrl } from './url-guard.ts'

/** Of security.md 7.4. */
export const LIMITS: CallLimits & { connectMs: number } = {
  connectMs: 5_000,
  headersMs: 10_000,
  totalMs: 30_000,
  answerBytes: 10 * 1024 * 1024,
}

export interface EgressSettings {
  /** Private ranges that calls may reach, and the only ones that they may reach without TLS. */
  allowed: readonly Cidr[]
  routes: EgressRoutes
  resolve?: Resolve
  /** Authorities to trust instead of the system's, for tests. */
  ca?: string | readonly string[]
  limits?: Partial<typeof LIMITS>
}

/**
 * The only way out to the internet. {@link Egress.send} answers what came back, whatever its status, or throws an
 * {@link EgressFailure} that says what may have happened at the other side.
 */
export class Egress {
  readonly #limits: typeof LIMITS
  readonly #guarded: Dispatcher
  readonly #local: Dispatcher
  readonly #announcer = new CallAnnouncer()

  constructor(private readonly settings: EgressSettings) {
    this.#limits = { ...LIMITS, ...settings.limits }
    const { connectMs } = this.#limits
    const { allowed, ca, resolve = systemResolve } = settings
    this.#guarded = guardedDispatcher({ allowed, resolve, connectMs, ...(ca === undefined ? {} : { ca }) })
    this.#local = localDispatcher(connectMs)
  }

  /** Hears of every finished call, the refused ones too. Returns the function that ends it. */
  onCall(listener: CallListener): () => void {
    return this.#announcer.listen(listener)
  }

  async send(request: EgressRequest, options: SendOptions = {}): Promise<EgressReply> {
    const started = performance.now()
    const call: Call = { progress: { sent: false, reads: isReading(request) } }
    try {
      const reply = await this.exchange(request, options, call)
      this.announce(request, call, started, {
        status: reply.status,
        bytes: reply.body.length,
        outcome: 'answered',
      })
      return reply
    } catch (error) {
      const failure = failureOf(error, call.progress)
      const { code, reason, effect, status } = failure
      const known = status === undefined ? {} : { status }
      this.announce(request, call, started, { bytes: 0, outcome: code, reason, effect, ...known })
      throw failure
    }
  }

  /** Ends what is still under way, at once. */
  async close(): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#local.destroy()])
  }

  private async exchange(request: EgressRequest, options: SendOptions, call: Call): Promise<EgressReply> {
    const url = (call.url = guardedUrl(request.url, this.settings.allowed))
    if (!isSendable(request)) throw new EgressFailure('request', { effect: 'none' })
    const limits = { ...this.#limits, ...options.limits }
    const deadline = new Deadline(limits.totalMs, options.signal)
    try {
      const { dispatcher, origin, host } = this.way(url)
      const answer = await deadline.hold(() =>
        dispatcher.request({
          origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: { ...request.headers, 'accept-encoding': 'gzip, br', ...host },
          body: request.body ?? null,
          signal: deadline.signal,
          headersTimeout: limits.headersMs,
          // The deadline covers silence in the body as well.
          bodyTimeout: 0,
          opaque: call.progress,
        }),
      )
      const { statusCode: status, headers } = answer
      call.progress.status = status
      const body = await readAnswer(
        answer.body,
        bodiless(request, status) ? '' : headers['content-encoding'],
        {
          limit: limits.answerBytes,
          effect: effectOf(call.progress),
          status,
        },
      )
      return { status, headers, body }
    } catch (error) {
      throw deadline.reason === undefined || error instanceof EgressFailure
        ? error
        : timeIsUp(deadline.reason, call.progress)
    } finally {
      deadline.done()
    }
  }

  private way(url: URL): { dispatcher: Dispatcher; origin: string; host: Record<string, string> } {
    const target = this.settings.routes.targetOf(url)
    return target === undefined
      ? { dispatcher: this.#guarded, origin: url.origin, host: {} }
      : { dispatcher: this.#local, origin: target, host: { host: url.host } }
  }

  private announce(request: EgressRequest, call: Call, started: number, end: Ending): void {
    this.#announcer.announce({
      method: request.method,
      host: call.url?.host ?? '',
      path: request.template ?? pathTemplate(call.url?.pathname ?? ''),
      ms: performance.now() - started,
      about: request.about ?? {},
      ...end,
    })
  }
}

interface Call {
  progress: Progress
  url?: URL
}

type Ending = Omit<FinishedCall, 'method' | 'host' | 'path' | 'ms' | 'about'>

function bodiless(request: EgressRequest, status: number): boolean {
  return request.method === 'HEAD' || status === 204 || status === 304
}

function timeIsUp(reason: 'cancelled' | 'total_timeout', progress: Progress): EgressFailure {
  // Time that ran out before anything was sent is a provider that could not be reached.
  const unreached = reason === 'total_timeout' && !progress.sent
  return new EgressFailure(unreached ? 'connect_timeout' : reason, {
    effect: effectOf(progress),
    ...(progress.status === undefined ? {} : { status: progress.status }),
  })
}
