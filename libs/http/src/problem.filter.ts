import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
  NotFoundException,
} from '@nestjs/common'
import { EncryptionKeyMissing, errorFields } from '@app/secrets'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as problems from './http.problems.ts'
import { KnownPaths } from './known-paths.ts'
import { languageOf } from './language.ts'
import { presentProblem } from './present-problem.ts'
import { Problem } from './problem.ts'
import { announceRefusal } from './refusals.ts'
import { securityHeaders } from './security-headers.ts'

const PROBLEM_JSON = 'application/problem+json; charset=utf-8'

/** Everything that is thrown becomes a problem; what nobody foresaw becomes 500 `internal` and a log line. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http')

  constructor(private readonly paths: KnownPaths) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    const request = http.getRequest<FastifyRequest>()
    const problem =
      thrown instanceof NotFoundException ? this.#unrouted(request) : this.asProblem(thrown, request.id)
    answerProblem(request, http.getResponse(), problem)
  }

  /** Nest found no route: another method at this address is 405, and says which. */
  #unrouted({ method, url }: FastifyRequest): Problem {
    const methods = this.paths.methodsAt(url.split('?', 1)[0] ?? '')
    if (methods.length === 0) return problems.NotFound()
    const allowed = methods.join(', ')
    return problems.MethodNotAllowed({ values: { method, allowed }, headers: { allow: allowed } })
  }

  asProblem(thrown: unknown, requestId: string): Problem {
    const problem = asKnownProblem(thrown)
    if (problem) return problem
    // Only kind and place: a message may hold what a caller or the database said (security.md 9.4).
    this.#report(thrown, requestId)
    return problems.Internal()
  }

  #report(thrown: unknown, requestId: string): void {
    try {
      this.logger.error({ msg: 'unforeseen error', request_id: requestId, ...errorFields(thrown) })
    } catch {
      // A log that cannot be written is no reason to leave a caller without an answer.
    }
  }
}

export function answerProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return
  void reply
    .status(problem.kind.status)
    .headers(problem.circumstances.headers ?? {})
    .type(PROBLEM_JSON)
    .send(JSON.stringify(presentProblem(problem, languageOf(request.headers), request.id)))
  announceRefusal({ call: { request, reply }, problem })
}

/** The same where no framework stands between us and the socket. */
export function writeProblem(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  problem: Problem,
): void {
  const text = JSON.stringify(presentProblem(problem, languageOf(request.headers), requestId))
  response
    .writeHead(problem.kind.status, {
      ...securityHeaders,
      ...problem.circumstances.headers,
      'x-request-id': requestId,
      'content-type': PROBLEM_JSON,
      'content-length': Buffer.byteLength(text),
    })
    .end(request.method === 'HEAD' ? undefined : text)
  announceRefusal({ delivery: { request, requestId }, problem })
}

/** Fastify's and Nest's own refusals, in our words. */
export function asKnownProblem(thrown: unknown): Problem | null {
  if (thrown instanceof Problem) return thrown
  const status = thrown instanceof HttpException ? thrown.getStatus() : Number(membersOf(thrown).statusCode)
  const code = String(membersOf(thrown).code ?? '')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return problems.PayloadTooLarge({ values: { limit: 1_048_576 } })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || status === 415) {
    return problems.UnsupportedMediaType({ values: { accepted: 'application/json' } })
  }
  if (status === 404) return problems.NotFound()
  if (status === 413) return problems.PayloadTooLarge({ values: { limit: 1_048_576 } })
  if (status === 431) return problems.HeadersTooLarge()
  if (thrown instanceof SyntaxError || (status >= 400 && status < 500)) return problems.InvalidJson()
  // Ours, and over once the key is back; `/health/ready` names it.
  if (
    thrown instanceof EncryptionKeyMissing ||
    CONNECTION_LOST.has(code) ||
    DATABASE_AWAY.test(code) ||
    isLostClient(thrown)
  ) {
    return problems.Unavailable({ values: { seconds: 5 }, headers: { 'retry-after': '5' } })
  }
  return null
}

const CONNECTION_LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

// What `pg` says of a connection that was lost, or not made in time, bears no code.
function isLostClient(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout)/.test(
      thrown.message,
    )
  )
}

// PostgreSQL: connection exceptions, shutdown, too many connections, statement and lock time-outs.
const DATABASE_AWAY = /^(08...|57P0[123]|53300|57014|55P03)$/

function membersOf(thrown: unknown): Record<string, unknown> {
  return Object(thrown) as Record<string, unknown>
}
