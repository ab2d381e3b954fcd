import type { IncomingMessage, ServerResponse } from 'node:http'
import type * as Api from '@opentelemetry/api'
import type { Attributes, Context, Tracer } from '@opentelemetry/api'
import type { FinishedCall } from '@app/egress'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { providerLabel } from '../counting/call-metrics.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const DELIVERY = '/webhooks/{provider}/{webhook_key}'

/**
 * A span for each request, delivery and outbound call. What a span tells is made of words of ours: patterns of routes,
 * names from the registry, numbers. No address, query, header, id or body.
 */
export class Tracing {
  readonly #tracer: Tracer
  readonly #contexts = new WeakMap<FastifyRequest, Context>()

  constructor(private readonly api: typeof Api) {
    this.#tracer = api.trace.getTracer('wasl')
  }

  /** Before the first route is made. */
  requestsOf(fastify: FastifyInstance): void {
    const { context, trace } = this.api
    fastify.addHook('onRequest', (request, _reply, next) => {
      const method = methodOf(request.method)
      const route = patternOf(request)
      const span = this.#tracer.startSpan(
        route === undefined ? method : `${method} ${route}`,
        {
          kind: this.api.SpanKind.SERVER,
          attributes: { 'http.request.method': method, ...(route !== undefined && { 'http.route': route }) },
        },
        this.api.ROOT_CONTEXT,
      )
      const within = trace.setSpan(this.api.ROOT_CONTEXT, span)
      this.#contexts.set(request, within)
      context.with(within, next)
    })
    // A body arrives in events of the socket, which know nothing of the request.
    fastify.addHook('preHandler', (request, _reply, next) => {
      context.with(this.#contexts.get(request) ?? context.active(), next)
    })
    fastify.addHook('onResponse', (request, reply, next) => {
      const within = this.#contexts.get(request)
      if (within) this.#end(trace.getSpan(within), reply.statusCode)
      next()
    })
  }

  /** One delivery, whose answer is written by `answer`. */
  delivery(request: IncomingMessage, response: ServerResponse, answer: () => Promise<void>): void {
    const { context, trace, ROOT_CONTEXT, SpanKind } = this.api
    const method = methodOf(request.method ?? '')
    const [, , provider] = request.url?.split('/', 4) ?? []
    const attributes: Attributes = {
      'http.request.method': method,
      'http.route': DELIVERY,
      'wasl.provider': providerLabel(provider),
    }
    const span = this.#tracer.startSpan(
      `${method} ${DELIVERY}`,
      { kind: SpanKind.SERVER, attributes },
      ROOT_CONTEXT,
    )
    response.once('close', () => {
      this.#end(span, response.statusCode)
    })
    void context.with(trace.setSpan(ROOT_CONTEXT, span), answer)
  }

  /** Told after the call, inside of what it was made for. */
  call({ method, host, path, status, ms, outcome, about, attempt }: FinishedCall): void {
    const provider = providerLabel(about.provider)
    const end = Date.now()
    const span = this.#tracer.startSpan(`${methodOf(method)} ${provider}`, {
      kind: this.api.SpanKind.CLIENT,
      startTime: end - ms,
      attributes: {
        'http.request.method': methodOf(method),
        'wasl.provider': provider,
        'wasl.outcome': outcome,
        // Of a connector these are words of its own; of anybody else they might tell more.
        ...(provider !== 'other' && {
          'server.address': host,
          'url.template': path,
          ...(about.operation !== undefined && { 'wasl.operation': about.operation }),
        }),
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(attempt !== undefined && attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
      },
    })
    if (outcome !== 'answered' || (status ?? 0) >= 400)
      span.setStatus({ code: this.api.SpanStatusCode.ERROR })
    span.end(end)
  }

  #end(span: Api.Span | undefined, status: number): void {
    span?.setAttribute('http.response.status_code', status)
    if (status >= 500) span?.setStatus({ code: this.api.SpanStatusCode.ERROR })
    span?.end()
  }
}

function methodOf(method: string): string {
  return METHODS.has(method) ? method : '_OTHER'
}

function patternOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.url
}
