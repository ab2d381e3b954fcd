import { isUtf8 } from 'node:buffer'
import {
  answerProblem,
  HeadersTooLarge,
  NotFound,
  type Problem,
  securityHeaders,
  UnsupportedMediaType,
} from '@app/http'
import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify'

const MAX_HEADERS = 100
const JSON_TYPE = /^application\/([a-z.]+\+)?json\b/i

/** What is refused before anything asks who it is for. */
export function keepFrontDoor(fastify: FastifyInstance): void {
  fastify.server.maxHeadersCount = 0 // None is silently dropped; more than 100 are refused below.
  fastify.addHook('onRequest', (request, reply, next) => {
    void reply.headers(securityHeaders).header('x-request-id', request.id)
    const problem = refusalOf(request)
    if (problem) answerProblem(request, reply, problem)
    else {
      if (passesThrough(request)) leaveBody(request)
      next()
    }
  })
}

function refusalOf(request: FastifyRequest): Problem | null {
  const { raw, url, headers } = request
  if (raw.rawHeaders.length / 2 > MAX_HEADERS) return HeadersTooLarge()
  // No name of ours holds a NUL, and PostgreSQL would choke on it.
  if (/^[^?]*%00/.test(url)) return NotFound()
  if (passesThrough(request)) return null
  const { 'content-type': type, 'content-encoding': encoding = 'identity' } = headers
  if (type !== undefined && !JSON_TYPE.test(type)) {
    return UnsupportedMediaType({ values: { accepted: 'application/json' } })
  }
  if (encoding.toLowerCase() !== 'identity') {
    return UnsupportedMediaType({ values: { accepted: 'Content-Encoding: identity' } })
  }
  return null
}

function passesThrough({ routeOptions }: FastifyRequest): boolean {
  return routeOptions?.config?.passesThrough === true
}

/** Without the headers that announce a body, Fastify reads none; `rawHeaders` still tell whoever reads it instead. */
function leaveBody({ raw: { headers } }: FastifyRequest): void {
  delete headers['content-type']
  delete headers['content-length']
  delete headers['transfer-encoding']
}

/** JSON is UTF-8 (RFC 8259): other bytes would be kept as replacement characters that nobody sent. */
export function readJson(fastify: FastifyInstance): FastifyBodyParser<Buffer> {
  const parse = fastify.getDefaultJsonParser('error', 'error') as FastifyBodyParser<string>
  return (request, body, done) => {
    // Many clients announce JSON with every POST, also where there is nothing to say.
    if (body.length === 0) done(null, undefined)
    else if (isUtf8(body)) void parse(request, body.toString(), done)
    else done(new SyntaxError('not UTF-8'))
  }
}

/** A process without the role `api` answers for its health and its metrics. */
export function askedOnlyHowItIs(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    if (/^\/(health\/|metrics$)/.test(request.url)) next()
    else answerProblem(request, reply, NotFound())
  })
}
