import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientAddress } from './client-address.ts'
import { onRefusal, type Refusal } from './refusals.ts'
import type { CalledRequest } from './who-may.ts'

/** Takes one line; `pino`, or a list in a test. */
export interface LineSink {
  log(line: object): void
  debug(line: object): void
  warn(line: object): void
  error(line: object): void
}

const DELIVERY = '/webhooks/:provider/:key'
const PROBES = new Set(['/health/live', '/health/ready', '/metrics'])

/**
 * One line per call, of allow-listed fields: nothing of body, query or headers, and the pattern of the route instead of
 * the URL. Accepted deliveries are counted (`/metrics`), not logged, and no hook runs for them; of the refused ones
 * a few a second are logged, and how many were not.
 */
export class RequestLog {
  readonly #noted = new WeakSet<FastifyRequest>()
  /** A flood of refused deliveries, or of guesses at addresses, must not fill the disk. */
  readonly #deliveries = new FewASecond()
  readonly #nowhere = new FewASecond()

  constructor(
    private readonly sink: LineSink,
    private readonly trustedProxies: Parameters<typeof clientAddress>[2],
  ) {}

  /** Before the first route is made. */
  attach(fastify: FastifyInstance): void {
    const stop = onRefusal((refusal) => {
      this.#refused(refusal)
    })
    fastify.addHook('onClose', (_instance, done) => {
      stop()
      done()
    })
    fastify.addHook('onRoute', (route) => {
      route.onResponse = [
        ...[route.onResponse ?? []].flat(),
        (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
          if (!this.#noted.has(request)) this.#call(request, reply, reply.statusCode, undefined)
          done()
        },
      ]
    })
  }

  #refused({ call, delivery, problem: { kind } }: Refusal): void {
    const route = call ? patternOf(call.request) : DELIVERY
    const few = route === null ? this.#nowhere : route === DELIVERY ? this.#deliveries : null
    if (call) this.#noted.add(call.request)
    if (few && !few.hasRoom((count) => this.#say('warn', { msg: 'refused requests not logged', count })))
      return
    if (call) this.#call(call.request, call.reply, kind.status, kind.code)
    if (delivery) {
      this.#say(levelOf(kind.status, route), {
        msg: 'request',
        request_id: delivery.requestId,
        method: delivery.request.method,
        route,
        status: kind.status,
        problem: kind.code,
        address: this.#addressOf(delivery.request),
      })
    }
  }

  #call(request: FastifyRequest, reply: FastifyReply, status: number, problem: string | undefined): void {
    const { caller, params } = request as CalledRequest
    const route = patternOf(request)
    this.#say(levelOf(status, route), {
      msg: 'request',
      request_id: request.id,
      method: request.method,
      route,
      status,
      problem,
      duration_ms: Math.round(reply.elapsedTime * 100) / 100,
      key_id: caller?.id,
      project_id: caller?.projectId ?? projectIn(params),
      address: caller?.address ?? this.#addressOf(request.raw),
    })
  }

  #addressOf({ socket, headers }: IncomingMessage): string {
    return clientAddress(socket.remoteAddress, headers['x-forwarded-for'], this.trustedProxies)
  }

  #say(level: keyof LineSink, line: object): void {
    try {
      this.sink[level](line)
    } catch {
      // A log that cannot be written is no reason to fail a request.
    }
  }
}

class FewASecond {
  #second = 0
  #written = 0

  /** `onMore` hears how many there was no room for in the second that is over. */
  hasRoom(onMore: (count: number) => void): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.#second) {
      if (this.#written > MOST_A_SECOND) onMore(this.#written - MOST_A_SECOND)
      this.#second = second
      this.#written = 0
    }
    return ++this.#written <= MOST_A_SECOND
  }
}

const MOST_A_SECOND = 10

function patternOf(request: FastifyRequest): string | null {
  return request.routeOptions?.url ?? null
}

function levelOf(status: number, pattern: string | null): keyof LineSink {
  if (status >= 500) return status === 503 ? 'warn' : 'error'
  return pattern !== null && PROBES.has(pattern) ? 'debug' : 'log'
}

function projectIn(params: unknown): string | undefined {
  const { p } = Object(params) as { p?: unknown }
  return typeof p === 'string' && /^[0-9a-f-]{36}$/i.test(p) ? p.toLowerCase() : undefined
}
