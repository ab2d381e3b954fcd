import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import { Egress, type FinishedCall } from '@app/egress'
import { errorFields } from '@app/secrets'
import { DueConnections } from '../checks/due-connections.ts'
import { HealthChecks } from '../checks/health-checks.ts'
import { Suspicion } from './suspicion.ts'

/** More than these at once is an outage of many; the others are asked in their turn. */
const AT_ONCE = 8

/** Listens to live traffic, and asks a connection that it speaks ill of, or well of again, before its turn. */
@Injectable()
export class TrafficWatch implements OnModuleInit, OnModuleDestroy {
  readonly #suspicion = new Suspicion()
  readonly #asking = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #stopListening = (): void => undefined
  private readonly logger = new Logger('health')

  constructor(
    private readonly egress: Egress,
    private readonly due: DueConnections,
    private readonly checks: HealthChecks,
  ) {}

  onModuleInit(): void {
    this.#stopListening = this.egress.onCall((call) => {
      this.#hear(call)
    })
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort()
    await this.idle()
  }

  /** Resolves when nobody is being asked. */
  async idle(): Promise<void> {
    await Promise.all(this.#asking)
  }

  #hear(call: FinishedCall): void {
    const { connection } = call.about
    if (connection === undefined || !this.#suspicion.isRaisedBy(call) || this.#asking.size >= AT_ONCE) return
    const asking = this.#ask(connection).finally(() => this.#asking.delete(asking))
    this.#asking.add(asking)
  }

  async #ask(connection: string): Promise<void> {
    try {
      const known = await this.due.takeNow(connection)
      if (known) await this.checks.check(known, this.#stopping.signal)
    } catch (error) {
      this.logger.warn({ msg: 'a suspicion was not followed', connection, ...errorFields(error) })
    }
  }
}
