import { Logger } from '@nestjs/common'
import { errorFields } from '@app/secrets'
import type { Held } from './claim.ts'
import { type Claims, LEASE_SECONDS } from './claims.ts'

const RENEW_MS = (LEASE_SECONDS * 1_000) / 3
/** A handler that hangs must not hold its key for as long as the process lives. */
const LONGEST_MS = 5 * 60 * 1_000

/** Renews while the handler runs. Most are done before the first time. */
export class Lease {
  readonly #timer: NodeJS.Timeout
  readonly #since = performance.now()

  constructor(
    private readonly claims: Pick<Claims, 'renew'>,
    private readonly held: Held,
    private readonly logger: Logger,
  ) {
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS).unref()
  }

  end(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    if (performance.now() - this.#since >= LONGEST_MS) {
      this.end()
      return
    }
    try {
      if (!(await this.claims.renew(this.held))) this.end()
    } catch (error) {
      // The next try comes before the lease is over.
      this.logger.warn({ msg: 'the lease of an idempotency key was not renewed', ...errorFields(error) })
    }
  }
}
