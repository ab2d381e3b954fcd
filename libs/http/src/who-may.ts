import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common'
import { ApiSecurity } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

export const SCOPES = ['read', 'bodies:read', 'connections:write', 'payments', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who is calling, as the guard found out. */
export interface Caller {
  /** `admin`, or the key's id: what the audit names. */
  id: string
  isAdmin: boolean
  projectId: string | null
  environment: 'dev' | 'staging' | 'prod' | null
  scopes: readonly Scope[]
  address: string
}

export interface CalledRequest extends FastifyRequest {
  caller?: Caller
}

export const NEEDS = 'wasl:needs'

/** The scope that a call needs; a route without one is refused, so that none is open by oversight. */
export function Needs(scope: Scope): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(NEEDS, scope), ApiSecurity('bearer', [scope]))
}

/** A call that asks no key. */
export function Open(): MethodDecorator & ClassDecorator {
  return SetMetadata(NEEDS, 'nothing')
}

/** The caller of this request. */
export const CalledBy = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<CalledRequest>()
  if (!caller) throw new Error('a route that uses its caller must say what it needs')
  return caller
})
