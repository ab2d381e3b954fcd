import type { Dispatcher } from 'undici'
import { type ConnectorOptions } from './connector.ts'
import { guardedDispatcher, localDispatcher } from './dispatch.ts'
import type { EgressRoutes } from './routes.ts'

interface Way {
  dispatcher: Dispatcher
  origin: string
  host: Readonly<Record<string, string>>
}

/** Which sockets a call goes over: guarded ones, but for what this platform plays itself. */
export class WayOut {
  readonly #guarded: Dispatcher
  readonly #local: Dispatcher

  constructor(
    options: ConnectorOptions,
    private readonly routes: EgressRoutes,
  ) {
    this.#guarded = guardedDispatcher(options)
    this.#local = localDispatcher(options.connectMs)
  }

  to(url: URL): Way {
    const target = this.routes.targetOf(url)
    return target === undefined
      ? { dispatcher: this.#guarded, origin: url.origin, host: {} }
      : { dispatcher: this.#local, origin: target, host: { host: url.host } }
  }

  async close(): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#local.destroy()])
  }
}
