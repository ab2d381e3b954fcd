import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { type CalledRequest, onRefusal, type Refusal } from '@app/http'
import { validate } from 'uuid'
import { BodyAccess } from './body-access.ts'

const ROUTE = '/v1/projects/:p/events/:id/body'

/** Who was turned away at the door of a body leaves a row too (security.md 9.1). */
@Injectable()
export class DeniedReads implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('body-access')
  #stop: () => void = () => undefined

  constructor(private readonly access: BodyAccess) {}

  onModuleInit(): void {
    this.#stop = onRefusal((refusal) => {
      this.#heard(refusal).catch(() => {
        this.logger.warn({ msg: 'a denied read was not noted' })
      })
    })
  }

  onApplicationShutdown(): void {
    this.#stop()
  }

  async #heard({ call, problem }: Refusal): Promise<void> {
    if (!call || problem.kind.status !== 403 || call.request.routeOptions.url !== ROUTE) return
    const { caller, params, query } = call.request as CalledRequest
    const { p, id } = params as { p: string; id: string }
    if (!caller || !validate(p) || !validate(id)) return
    const { reason } = query as { reason?: unknown }
    await this.access.noteDenied(caller, p.toLowerCase(), id.toLowerCase(), reason)
  }
}
