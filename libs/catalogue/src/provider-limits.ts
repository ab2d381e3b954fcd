import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Database } from '@app/database'
import { Egress, type RateLimit } from '@app/egress'
import { z } from 'zod'

const READ_EVERY_MS = 60_000

const limits = z.object({
  requests: z.int().positive(),
  per_seconds: z.int().positive(),
  burst: z.int().positive().optional(),
})

/** Lets egress keep to the registry's `rate_limits`. What an operator changes there holds within a minute. */
@Injectable()
export class ProviderLimits implements OnModuleInit, OnApplicationShutdown {
  readonly #limits = new Map<string, RateLimit>()
  readonly #timer: NodeJS.Timeout

  constructor(
    private readonly database: Database,
    egress: Egress,
  ) {
    egress.paceBy(({ provider }) => (provider === undefined ? undefined : this.#limits.get(provider)))
    this.#timer = setInterval(() => void this.#readAgain(), READ_EVERY_MS).unref()
  }

  async onModuleInit(): Promise<void> {
    await this.#readAgain()
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer)
  }

  /** By hand: two columns of every row, once a minute. */
  async read(): Promise<void> {
    const rows = await this.database.query<{ provider: string; rate_limits: unknown }>(
      'SELECT provider::text, rate_limits FROM integration_providers',
    )
    for (const { provider, rate_limits } of rows) this.#learn(provider, limitIn(rate_limits))
  }

  async #readAgain(): Promise<void> {
    // A database that is away says nothing: what was known last goes on to hold.
    await this.read().catch(() => undefined)
  }

  /** The same limit stays the same object: a bucket goes on where it was. */
  #learn(provider: string, limit: RateLimit | undefined): void {
    const known = this.#limits.get(provider)
    if (limit === undefined) this.#limits.delete(provider)
    else if (JSON.stringify(known) !== JSON.stringify(limit)) this.#limits.set(provider, limit)
  }
}

/** undefined: none, or one that cannot be understood. */
function limitIn(value: unknown): RateLimit | undefined {
  const { success, data } = limits.safeParse(value)
  if (!success) return undefined
  const { requests, per_seconds: perSeconds, burst } = data
  return { requests, perSeconds, ...(burst !== undefined && { burst }) }
}
