import type { IncomingMessage } from 'node:http'
import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { WebhookTargets } from '@app/connections'
import { Delivery } from '@app/connector-kit'
import {
  answerProblem,
  clientAddress,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  ProblemFilter,
  RateLimited,
  UnsupportedMediaType,
} from '@app/http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Counter, Histogram } from 'prom-client'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { BodyCutOff } from '../webhooks.problems.ts'
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

/** `ANY /webhooks/{provider}/{webhook_key}`, straight on Fastify: no pipes, no guards, the body as it came. */
@Injectable()
export class IngestRoute {
  /** Only what was refused is counted; what verifies is never dropped. */
  readonly #refused = new RateLimiterMemory({ points: UNVERIFIED_PER_MINUTE, duration: 60 })

  constructor(
    private readonly targets: WebhookTargets,
    private readonly ingest: Ingest,
    private readonly settings: Settings,
    private readonly filter: ProblemFilter,
  ) {}

  register(fastify: FastifyInstance): void {
    void fastify.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, parsed) => {
        parsed(null)
      })
      scope.all('/webhooks/:provider/:key', (request, reply) => this.#answer(request, reply))
      done()
    })
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const started = performance.now()
    const { provider, key } = request.params as { provider: string; key: string }
    const address = clientAddress(
      request.socket.remoteAddress,
      request.headers['x-forwarded-for'],
      this.settings.get('TRUSTED_PROXIES'),
    )
    let label = 'unknown'
    try {
      const target = await this.targets.find(provider, key)
      if (!target) throw NotFound()
      label = target.provider
      const delivery = await this.#read(request, target.connector.webhooks ?? {})
      const { eventId, duplicate } = await this.ingest.receive(target, delivery, address)
      deliveries.inc({ provider: label, outcome: duplicate ? 'duplicate' : 'accepted' })
      void reply.status(200).send({ event_id: eventId, duplicate })
    } catch (error) {
      const problem = await this.#limited(this.filter.asProblem(error, request), address)
      deliveries.inc({ provider: label, outcome: problem.kind.code })
      if (!request.raw.complete) {
        request.raw.resume()
        void reply.header('connection', 'close')
      }
      answerProblem(request, reply, problem)
    } finally {
      seconds.observe({ provider: label }, (performance.now() - started) / 1_000)
    }
  }

  async #read(
    request: FastifyRequest,
    { methods = ['POST'], maxBytes = MIB }: { methods?: readonly string[]; maxBytes?: number },
  ): Promise<Delivery> {
    if (!methods.includes(request.method)) {
      const allowed = methods.join(', ')
      throw MethodNotAllowed({ values: { method: request.method, allowed }, headers: { allow: allowed } })
    }
    if (Number(request.headers['content-length'] ?? 0) > maxBytes)
      throw PayloadTooLarge({ values: { limit: maxBytes } })
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      throw UnsupportedMediaType({ values: { accepted: 'Content-Encoding: identity' } })
    }
    const body = await bytesOf(request.raw, maxBytes)
    const url = this.settings.publicUrl + (request.raw.url ?? '')
    return new Delivery(request.method, url, request.raw.rawHeaders, body, new Date())
  }

  /** An address that is refused too often hears 429 instead. */
  async #limited(
    problem: ReturnType<typeof NotFound>,
    address: string,
  ): Promise<ReturnType<typeof NotFound>> {
    if (problem.kind.status >= 500) return problem
    try {
      await this.#refused.consume(address)
      return problem
    } catch {
      return RateLimited({ values: { seconds: 60 }, headers: { 'retry-after': '60' } })
    }
  }
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
