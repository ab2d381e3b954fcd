import { applyDecorators, createParamDecorator, type ExecutionContext, UseInterceptors } from '@nestjs/common'
import { ApiHeader } from '@nestjs/swagger'
import { type CalledRequest, InvalidQuery, Refuses } from '@app/http'
import { InProgress, KeyReused } from '../idempotency.problems.ts'
import { KEY_HEADER, KEY_SHAPE } from '../key/key-header.ts'
import { IdempotencyInterceptor } from './idempotency.interceptor.ts'

/** What a handler knows of the key that its caller gave. */
export interface IdempotentRequest {
  /** UUIDv7, the same for whoever takes the request over: our ids and the provider's keys are derived from it. */
  id: string
  /** An earlier run did not come to an end, and may have done some of it: look first, by `id`. */
  takenOver: boolean
}

export interface KeyedRequest extends CalledRequest {
  idempotency?: IdempotentRequest
}

/**
 * A call of a project (`:p` in its path) that honours `Idempotency-Key`. Its handler answers JSON, and finishes what an
 * earlier run began: killed in the middle, it is run again with the same `id`. Status and body are kept, headers are not.
 */
export function Idempotent(): MethodDecorator {
  return applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: KEY_HEADER,
      required: false,
      description:
        'The same key with the same request is carried out once and answered alike, with `Idempotency-Replayed: true`, for 72 hours.',
      schema: { type: 'string', pattern: KEY_SHAPE },
    }),
    Refuses(InvalidQuery, InProgress, KeyReused),
  )
}

/** `{ id, takenOver }` of this request; null: its caller gave no key. */
export const IdempotentRequest = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest | null =>
    context.switchToHttp().getRequest<KeyedRequest>().idempotency ?? null,
)
