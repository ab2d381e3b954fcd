import type { IncomingMessage, ServerResponse } from 'node:http'
import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { type WebhookTarget, WebhookTargets } from '@app/connections'
import { Delivery } from '@app/connector-kit'
import {
  clientAddress,
  HeadersTooLarge,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  ProblemFilter,
  RateLimited,
  Readiness,
  requestId,
  securityHeaders,
  UnsupportedMediaType,
  writeProblem,
} from '@app/http'
import { Metrics } from '@app/metrics'
import { Counter, Histogram } from 'prom-client'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { BodyCutOff, HeldOff } from '../webhooks.problems.ts'
import { Ingest } from './ingest.ts'

const deliveries = new Counter({
  name: 'wasl_webhook_deliveries_total',
  help: 'Webhook deliveries by outcome',
  labelNames: ['provider', 'outcome'],
})
const seconds = new Histogram({
  name: 'wasl_webhook_seconds',
  help: 'From the first byte to the answer',
  labelNames: ['provider'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
})

const MIB = 1024 * 1024
const UNVERIFIED_PER_MINUTE = 120
/** From however many addresses; more than a sender with a wrong secret tries. */
const UNVERIFIED_PER_KEY = 600
const MAX_HEADERS = 100
const PREFIX = '/webhooks/'
/** Our own addresses need no percent-encoding, and nobody else's are known here. */
const PATH = /^\/webhooks\/([a-z0-9_]{1,64})\/([A-Za-z0-9_-]{1,128})(?:\?|$)/

/**
 * `ANY /webhooks/{provider}/{webhook_key}`, straight on node:http: no hooks, no pipes, no guards, the body as it came.
 * A framework's way of a request would cost as much again as everything that is done here.
 */
@Injectable()
export class IngestRoute {
  /** Only what was refused is counted; what verifies is never dropped. */
  readonly #refused = new RateLimiterMemory({ points: UNVERIFIED_PER_MINUTE, duration: 60 })
  readonly #refusedAt = new RateLimiterMemory({ points: UNVERIFIED_PER_KEY, duration: 60 })

  constructor(
    private readonly targets: WebhookTargets,
    private readonly ingest: Ingest,
    private readonly settings: Settings,
    private readonly filter: ProblemFilter,
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  takes(request: IncomingMessage): boolean {
    return request.url?.startsWith(PREFIX) ?? false
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now()
    const id = requestId(request.headers)
    const address = clientAddress(
      request.socket.remoteAddress,
      request.headers['x-forwarded-for'],
      this.settings.get('TRUSTED_PROXIES'),
    )
    if (this.readiness.isStopping) response.shouldKeepAlive = false
    let label = 'unknown'
    let connection: string | undefined
    try {
      if (request.rawHeaders.length / 2 > MAX_HEADERS) throw HeadersTooLarge()
      const target = await this.#target(request.url ?? '')
      label = target.provider
      connection = target.connectionId
      this.metrics.count('webhooks_received', label, connection)
      if (target.refusal) throw HeldOff({ headers: { 'retry-after': '60' } })
      const delivery = await this.#read(request, target.connector.webhooks ?? {})
      const { eventId, duplicate } = await this.ingest.receive(target, delivery, address)
      deliveries.inc({ provider: label, outcome: duplicate ? 'duplicate' : 'accepted' })
      accept(response, id, `{"event_id":"${eventId}","duplicate":${duplicate}}`)
    } catch (error) {
      const problem = await this.#limited(this.filter.asProblem(error, id), address, connection)
      deliveries.inc({ provider: label, outcome: problem.kind.code })
      if (connection !== undefined) this.metrics.count('webhooks_failed', label, connection)
      if (!request.complete) {
        response.shouldKeepAlive = false
        request.resume()
      }
      writeProblem(request, response, id, problem)
    } finally {
      seconds.observe({ provider: label }, (performance.now() - started) / 1_000)
    }
  }

  async #target(url: string): Promise<WebhookTarget> {
    const [, provider, key] = PATH.exec(url) ?? []
    const target = provider && key ? await this.targets.find(provider, key) : null
    if (!target) throw NotFound()
    return target
  }

  async #read(
    request: IncomingMessage,
    { methods = ['POST'], maxBytes = MIB }: { methods?: readonly string[]; maxBytes?: number },
  ): Promise<Delivery> {
    const { method = '' } = request
    if (!methods.includes(method)) {
      const allowed = methods.join(', ')
      throw MethodNotAllowed({ values: { method, allowed }, headers: { allow: allowed } })
    }
    if (Number(request.headers['content-length'] ?? 0) > maxBytes)
      throw PayloadTooLarge({ values: { limit: maxBytes } })
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      throw UnsupportedMediaType({ values: { accepted: 'Content-Encoding: identity' } })
    }
    const body = await bytesOf(request, maxBytes)
    return new Delivery(
      method,
      this.settings.publicUrl + (request.url ?? ''),
      request.rawHeaders,
      body,
      new Date(),
    )
  }

  /** An address that is refused too often hears 429 instead, and so does everybody who knocks at one key too often. */
  async #limited(
    problem: ReturnType<typeof NotFound>,
    address: string,
    connection: string | undefined,
  ): Promise<ReturnType<typeof NotFound>> {
    if (problem.kind.status >= 500) return problem
    try {
      await this.#refused.consume(address)
      if (connection !== undefined) await this.#refusedAt.consume(connection)
      return problem
    } catch {
      return RateLimited({ values: { seconds: 60 }, headers: { 'retry-after': '60' } })
    }
  }
}

function accept(response: ServerResponse, id: string, text: string): void {
  response
    .writeHead(200, {
      ...securityHeaders,
      'x-request-id': id,
      'content-type': 'application/json; charset=utf-8',
      'content-length': text.length,
    })
    .end(text)
}

/** Counted on the stream: a Content-Length may lie or be missing. */
function bytesOf(stream: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const take = (chunk: Buffer): void => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= maxBytes) return
      stream.off('data', take)
      reject(PayloadTooLarge({ values: { limit: maxBytes } }))
    }
    stream.on('data', take)
    stream.once('end', () => {
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size))
    })
    stream.once('close', () => {
      if (!stream.readableEnded) reject(BodyCutOff())
    })
  })
}
