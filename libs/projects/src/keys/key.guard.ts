import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { Settings } from '@app/config'
import {
  type CalledRequest,
  type Caller,
  clientAddress,
  Forbidden,
  NEEDS,
  NotFound,
  type Problem,
  type Scope,
  SCOPES,
  Unauthorized,
} from '@app/http'
import { sameSecret } from '@app/secrets'
import type { FastifyReply } from 'fastify'
import { AuditLog } from '../audit/audit-log.ts'
import { ApiKeys } from './api-keys.ts'
import { PlatformOnly } from '../projects.problems.ts'
import { keyIdOf } from './key-text.ts'
import { allowanceHeaders, Attempts } from './attempts.ts'

/** Who is calling, may they, and is this project theirs? The one place where a request meets its tenant. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly settings: Settings,
    private readonly keys: ApiKeys,
    private readonly attempts: Attempts,
    private readonly audit: AuditLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const needed = this.reflector.getAllAndOverride<Scope | 'nothing' | undefined>(NEEDS, [
      context.getHandler(),
      context.getClass(),
    ])
    if (needed === 'nothing') return true
    const http = context.switchToHttp()
    const request = http.getRequest<CalledRequest>()
    const caller = await this.#authenticated(request)
    request.caller = caller
    if (!caller.isAdmin) {
      const allowance = await this.attempts.called(caller.id)
      void http.getResponse<FastifyReply>().headers(allowanceHeaders(allowance))
    }
    await this.#mayDo(caller, needed ?? 'admin', request)
    return true
  }

  async #authenticated(request: CalledRequest): Promise<Caller> {
    const address = clientAddress(
      request.socket.remoteAddress,
      request.headers['x-forwarded-for'],
      this.settings.get('TRUSTED_PROXIES'),
    )
    const text = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (text !== '' && sameSecret(text, this.settings.adminKey.reveal())) {
      return { id: 'admin', isAdmin: true, projectId: null, environment: null, scopes: SCOPES, address }
    }
    const caller = await this.keys.callerOf(text, address)
    if (caller) return caller
    const keyId = keyIdOf(text)
    await this.attempts.failed(address, keyId)
    this.audit.note({ actor: keyId ?? 'unknown', action: 'authentication_failed', subject: 'api', address })
    throw Unauthorized({ headers: { 'www-authenticate': 'Bearer' } })
  }

  async #mayDo(caller: Caller, needed: Scope, request: CalledRequest): Promise<void> {
    const { p: project } = request.params as { p?: string }
    // Another's project is answered as one that does not exist, before anything else is said about it.
    if (project !== undefined && !caller.isAdmin && caller.projectId !== project.toLowerCase())
      throw this.#noted(caller, needed, NotFound())
    if (!caller.scopes.includes('admin') && !caller.scopes.includes(needed))
      throw this.#noted(caller, needed, Forbidden({ values: { scope: needed } }))
    // What needs `admin` and names no project is the platform's.
    if (needed === 'admin' && project === undefined && !caller.isAdmin)
      throw this.#noted(caller, needed, PlatformOnly())
  }

  #noted(caller: Caller, needed: Scope, refusal: Problem): Problem {
    this.audit.note({
      actor: caller.id,
      action: 'authorisation_failed',
      subject: needed,
      projectId: caller.projectId,
      address: caller.address,
    })
    return refusal
  }
}
