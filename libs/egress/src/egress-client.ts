import type { Cidr } from '@app/config'
import { finished, type Readable } from 'node:stream'
import { isPlain, passAnswer, readAnswer } from './answer-body.ts'
import { Attempt, type Audience } from './attempt.ts'
import { ExchangedTokens } from './auth/exchanged-tokens.ts'
import { LentTokens } from './auth/lent-tokens.ts'
import { Breakers } from './breaker/breakers.ts'
import { type Clock, realClock } from './clock.ts'
import { type Resolve, systemResolve } from './guarded-lookup.ts'
import { Deadline } from './deadline.ts'
import { EgressFailure } from './egress-failure.ts'
import {
  type CallLimits,
  type EgressReply,
  type EgressRequest,
  type EgressStream,
  type HeadersOf,
  isSendable,
  type SendOptions,
} from './egress-request.ts'
import { effectOf } from './failure-of.ts'
import { CallAnnouncer, type CallListener } from './finished-call.ts'
import { type LimitOf, Pacer } from './pace/pacer.ts'
import { MOST_REDIRECTS, redirected } from './redirects.ts'
import { Repeater } from './repeat/repeater.ts'
import type { EgressRoutes } from './routes.ts'
import { guardedUrl } from './url-guard.ts'
import { WayOut } from './way-out.ts'

/** Of security.md 7.4. */
export const LIMITS: CallLimits & { connectMs: number } = {
  connectMs: 5_000,
  headersMs: 10_000,
  totalMs: 30_000,
  answerBytes: 10 * 1024 * 1024,
}

/** An answer that says it is no longer than this is read before it is passed on: it is whole, or it is a failure. */
const SMALL = 64 * 1024

export interface EgressSettings {
  /** Private ranges that calls may reach, and the only ones that they may reach without TLS. */
  allowed: readonly Cidr[]
  routes: EgressRoutes
  resolve?: Resolve
  /** Authorities to trust instead of the system's, for tests. */
  ca?: string | readonly string[]
  limits?: Partial<typeof LIMITS>
  clock?: Clock
}

/**
 * The only way out to the internet. {@link Egress.send} answers what came back, whatever its status, or throws an
 * {@link EgressFailure} that says what may have happened at the other side.
 */
export class Egress {
  /** Which connections are held back, and news of it. */
  readonly breakers: Breakers
  /** Tokens that stored credentials were exchanged for. */
  readonly tokens = new ExchangedTokens()
  /** The slot for who keeps tokens of linked accounts. */
  readonly lent = new LentTokens()
  readonly clock: Clock
  readonly #limits: typeof LIMITS
  readonly #out: WayOut
  readonly #announcer = new CallAnnouncer()
  readonly #pacer: Pacer
  readonly #repeater: Repeater
  readonly #audience: Audience

  constructor(private readonly settings: EgressSettings) {
    this.#limits = { ...LIMITS, ...settings.limits }
    const { allowed, ca, routes, resolve = systemResolve, clock = realClock } = settings
    const { connectMs } = this.#limits
    this.clock = clock
    this.#out = new WayOut({ allowed, resolve, connectMs, ...(ca === undefined ? {} : { ca }) }, routes)
    this.breakers = new Breakers(clock)
    this.#pacer = new Pacer(clock)
    this.#repeater = new Repeater(clock)
    this.#audience = { clock, announcer: this.#announcer }
  }

  /** Hears of every finished try, the refused ones too. Returns the function that ends it. */
  onCall(listener: CallListener): () => void {
    return this.#announcer.listen(listener)
  }

  /** The slot for who knows the limits of the registry. The same limit must come as the same object each time. */
  paceBy(limitOf: LimitOf): void {
    this.#pacer.limitOf = limitOf
  }

  async send(request: EgressRequest, options: SendOptions = {}): Promise<EgressReply> {
    const deadline = this.#deadline(options)
    try {
      let current = request
      for (let left = Math.min(options.redirects ?? 0, MOST_REDIRECTS); ; left--) {
        const reply = await this.#repeater.run(current, options, deadline, (number) =>
          this.#whole(new Attempt(current, number, deadline, this.#audience), options),
        )
        const next = options.redirects ? redirected(current, reply) : null
        if (next === null) return reply
        if (left === 0) throw new EgressFailure('redirect', { effect: 'none', status: reply.status })
        current = next
      }
    } finally {
      deadline.done()
    }
  }

  /** The same, but an answer that is not small comes as a stream; the time and size limits hold until its end. */
  async stream(request: EgressRequest, options: SendOptions = {}): Promise<EgressStream> {
    const deadline = this.#deadline(options)
    let passes = false
    try {
      const answer = await this.#repeater.run(request, options, deadline, (number) =>
        this.#passing(new Attempt(request, number, deadline, this.#audience), options),
      )
      const { status, headers, body } = answer
      if (!Buffer.isBuffer(body)) {
        passes = true
        finished(body, () => {
          deadline.done()
        })
      }
      return { status, headers, body }
    } finally {
      if (!passes) deadline.done()
    }
  }

  /** Ends what is still under way, at once. */
  async close(): Promise<void> {
    await this.#out.close()
  }

  #deadline({ limits, signal }: SendOptions): Deadline {
    const { totalMs } = { ...this.#limits, ...limits }
    return new Deadline(totalMs, signal, () => this.clock.now())
  }

  async #whole(attempt: Attempt, options: SendOptions): Promise<EgressReply> {
    try {
      const { status, headers, wire } = await this.#open(attempt, options)
      const body = await this.#read(attempt, options, wire, headers)
      return { status, headers, body }
    } catch (error) {
      throw attempt.failed(error)
    }
  }

  async #passing(attempt: Attempt, options: SendOptions): Promise<EgressStream & { drop?: () => void }> {
    try {
      const { status, headers, wire } = await this.#open(attempt, options)
      const encoding = headers['content-encoding']
      const length = isPlain(encoding) ? Number(headers['content-length'] ?? NaN) : NaN
      if (length <= SMALL || isBodiless(attempt)) {
        return { status, headers, body: await this.#read(attempt, options, wire, headers) }
      }
      const rules = this.#rules(attempt, options)
      if (length > rules.limit) {
        wire.on('error', () => undefined).destroy()
        throw new EgressFailure('too_large', rules)
      }
      const body = passAnswer(
        wire,
        encoding,
        rules,
        (chunk) => {
          attempt.came(chunk)
        },
        (error) => {
          if (error) attempt.failed(error)
          else attempt.answered()
        },
      )
      const drop = (): void => {
        attempt.answered()
        body.on('error', () => undefined).destroy()
      }
      return { status, headers, body, drop }
    } catch (error) {
      throw attempt.failed(error)
    }
  }

  /** Everything until the answer's headers: judge the URL, prove who we are, wait for our turn, send. */
  async #open(
    attempt: Attempt,
    options: SendOptions,
  ): Promise<{ status: number; headers: HeadersOf; wire: Readable }> {
    const { request, deadline, about } = attempt
    const url = (attempt.url = guardedUrl(request.url, this.settings.allowed))
    if (!isSendable(request)) throw new EgressFailure('request', { effect: 'none' })
    const { method, headers = {}, body, bodyBytes } = request
    const proof =
      request.auth && (await deadline.hold(() => request.auth!.proof({ method, url, headers, body })))
    const target = proof?.url ?? url
    if (about.connection !== undefined) {
      if (!options.probe) attempt.pass = this.breakers.admit(about.connection)
      await this.#pacer.admit(about, deadline)
    }
    const { dispatcher, origin, host } = this.#out.to(target)
    const answer = await deadline.hold(() =>
      dispatcher.request({
        origin,
        path: target.pathname + target.search,
        method,
        headers: {
          ...headers,
          ...proof?.headers,
          ...(bodyBytes !== undefined && { 'content-length': String(bodyBytes) }),
          'accept-encoding': 'gzip, br',
          ...host,
        },
        body: body ?? null,
        signal: deadline.signal,
        headersTimeout: options.limits?.headersMs ?? this.#limits.headersMs,
        // The deadline covers silence in the body as well.
        bodyTimeout: 0,
        opaque: attempt.progress,
      }),
    )
    attempt.begins(answer.statusCode, answer.headers)
    return { status: answer.statusCode, headers: answer.headers, wire: answer.body }
  }

  async #read(attempt: Attempt, options: SendOptions, wire: Readable, headers: HeadersOf): Promise<Buffer> {
    const encoding = isBodiless(attempt) ? '' : headers['content-encoding']
    const body = await readAnswer(wire, encoding, this.#rules(attempt, options))
    attempt.came(body)
    attempt.answered()
    return body
  }

  #rules(
    { progress }: Attempt,
    { limits }: SendOptions,
  ): { limit: number; effect: ReturnType<typeof effectOf>; status: number } {
    const limit = limits?.answerBytes ?? this.#limits.answerBytes
    return { limit, effect: effectOf(progress), status: progress.status ?? 0 }
  }
}

function isBodiless({ request, progress: { status } }: Attempt): boolean {
  return request.method === 'HEAD' || status === 204 || status === 304
}
