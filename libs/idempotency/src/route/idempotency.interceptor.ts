import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common'
import {
  asKnownProblem,
  type CalledRequest,
  InvalidFields,
  languageOf,
  presentProblem,
  structureProblems,
} from '@app/http'
import { errorFields } from '@app/secrets'
import type { FastifyReply } from 'fastify'
import { Counter } from 'prom-client'
import { from, lastValueFrom, type Observable, of } from 'rxjs'
import type { Answer } from '../claim/answer-vault.ts'
import type { Held } from '../claim/claim.ts'
import { Claims } from '../claim/claims.ts'
import { Lease } from '../claim/lease.ts'
import { InProgress, KeyReused } from '../idempotency.problems.ts'
import { keyIn } from '../key/key-header.ts'
import { askedBy } from './asked-by.ts'
import { fateOf } from './fate.ts'
import type { KeyedRequest } from './idempotent.ts'

const outcomes = new Counter({
  name: 'wasl_idempotency_total',
  help: 'Requests under an Idempotency-Key, by what the key meant for them',
  labelNames: ['outcome'],
})

/** When the caller may come again: soon, or once somebody has asked the provider. */
const AGAIN_IN_SECONDS = { running: 2, open: 30 }

/** One request under one key is carried out once, and answered alike however often it is sent. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger('idempotency')

  constructor(private readonly claims: Claims) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp()
    const request = http.getRequest<KeyedRequest>()
    const reply = http.getResponse<FastifyReply>()
    const key = keyIn(request)
    if (key === null) return next.handle()
    // Bounded before it is walked, and refused as the handler's own check would.
    const errors = structureProblems(request.body)
    if (errors.length > 0) throw InvalidFields({ errors })
    const claim = await this.claims.claim(askedBy(request, key))
    outcomes.inc({ outcome: claim.outcome })
    switch (claim.outcome) {
      case 'replayed':
        return of(replayed(claim.answer, reply))
      case 'reused':
        throw KeyReused({ members: { retry: 'never', effect: 'none' } })
      case 'running':
      case 'open':
        throw inProgress(AGAIN_IN_SECONDS[claim.outcome])
      default:
        return from(this.#carriedOut(claim.held, next, request, reply))
    }
  }

  async #carriedOut(
    held: Held,
    next: CallHandler,
    request: KeyedRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const { id, takenOver } = held
    request.idempotency = { id, takenOver }
    const lease = new Lease(this.claims, held, this.logger)
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined })
      if (!isJson(body)) throw new Error('a call under a key answers JSON')
      await this.#keep(held, { status: reply.statusCode, body })
      return body
    } catch (thrown) {
      throw await this.#refused(held, thrown, request)
    } finally {
      lease.end()
    }
  }

  /** What is thrown in the end. */
  async #refused(held: Held, thrown: unknown, request: CalledRequest): Promise<unknown> {
    if (thrown instanceof LeaseLost) return inProgress(AGAIN_IN_SECONDS.running)
    const problem = asKnownProblem(thrown)
    const fate = fateOf(problem)
    try {
      if (fate === 'kept' && problem) {
        const body = presentProblem(problem, languageOf(request.headers), request.id)
        await this.#keep(held, { status: problem.kind.status, body })
      } else if (fate === 'open') await this.claims.leaveOpen(held)
      else if (fate === 'released') await this.claims.release(held)
      else await this.claims.abandon(held)
      return thrown
    } catch (error) {
      if (error instanceof LeaseLost) return inProgress(AGAIN_IN_SECONDS.running)
      this.#notWritten(error)
      return thrown
    }
  }

  /** What the handler has done is done: where it cannot be kept it is answered all the same, and taken over if asked again. */
  async #keep(held: Held, answer: Answer): Promise<void> {
    const kept = await this.claims.keep(held, answer).catch((error: unknown) => {
      this.#notWritten(error)
      return true
    })
    if (kept) return
    outcomes.inc({ outcome: 'lease_lost' })
    throw new LeaseLost()
  }

  #notWritten(error: unknown): void {
    this.logger.warn({ msg: 'what became of an idempotency key was not written', ...errorFields(error) })
  }
}

/** Another has taken the request over: its answer counts, ours does not. */
class LeaseLost extends Error {}

function replayed({ status, body }: Answer, reply: FastifyReply): unknown {
  void reply.status(status).header('idempotency-replayed', 'true')
  if (status >= 400) void reply.type('application/problem+json; charset=utf-8')
  return body
}

function inProgress(seconds: number): Error {
  return InProgress({
    values: { seconds },
    headers: { 'retry-after': String(seconds) },
    members: { retry: 'same', effect: 'none', retry_after: seconds },
  })
}

function isJson(body: unknown): boolean {
  return !(body instanceof StreamableFile || body instanceof Uint8Array)
}
