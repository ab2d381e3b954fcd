import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as problems from './http.problems.ts'
import { languageOf } from './language.ts'
import { presentProblem } from './present-problem.ts'
import { Problem } from './problem.ts'
import { securityHeaders } from './security-headers.ts'

const PROBLEM_JSON = 'application/problem+json; charset=utf-8'

/** Everything that is thrown becomes a problem; what nobody foresaw becomes 500 `internal` and a log line. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http')

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    answerProblem(
      http.getRequest(),
      http.getResponse(),
      this.asProblem(thrown, http.getRequest<FastifyRequest>().id),
    )
  }

  asProblem(thrown: unknown, requestId: string): Problem {
    const problem = asKnownProblem(thrown)
    if (problem) return problem
    // Only kind and place: a message may hold what a caller or the database said (security.md 9.4).
    const { name, code, constraint, stack } = membersOf(thrown)
    this.logger.error({
      msg: 'unforeseen error',
      request_id: requestId,
      error: typeof name === 'string' ? name : typeof thrown,
      code,
      constraint,
      at:
        typeof stack === 'string'
          ? stack
              .split('\n')
              .filter((line) => /^\s+at /.test(line))
              .slice(0, 8)
          : [],
    })
    return problems.Internal()
  }
}

export function answerProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return
  void reply
    .status(problem.kind.status)
    .headers(problem.circumstances.headers ?? {})
    .type(PROBLEM_JSON)
    .send(JSON.stringify(presentProblem(problem, languageOf(request.headers), request.id)))
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
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || DATABASE_AWAY.test(code)) {
    return problems.Unavailable({ values: { seconds: 5 }, headers: { 'retry-after': '5' } })
  }
  return null
}

// PostgreSQL: connection exceptions, shutdown, too many connections, statement and lock time-outs.
const DATABASE_AWAY = /^(08...|57P0[123]|53300|57014|55P03)$/

function membersOf(thrown: unknown): Record<string, unknown> {
  return Object(thrown) as Record<string, unknown>
}
