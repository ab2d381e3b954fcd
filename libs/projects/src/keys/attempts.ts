import { Injectable } from '@nestjs/common'
import { RateLimited } from '@app/http'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

const MINUTE_S = 60
const PER_ADDRESS = 60
const PER_KEY = 10
const CALLS_PER_MINUTE = 6_000

export interface Allowance {
  limit: number
  remaining: number
  resetSeconds: number
}

/** How often may somebody fail, and how often may a key call (security.md 10.1). Counted in this process. */
@Injectable()
export class Attempts {
  readonly #byAddress = new RateLimiterMemory({ points: PER_ADDRESS, duration: MINUTE_S })
  readonly #byKey = new RateLimiterMemory({ points: PER_KEY, duration: MINUTE_S })
  readonly #calls = new RateLimiterMemory({ points: CALLS_PER_MINUTE, duration: MINUTE_S })

  /** Counts a failed authentication; too many are answered 429 with a growing wait. A valid key never comes here. */
  async failed(address: string, keyId: string | null): Promise<void> {
    const excess = [
      await excessOf(this.#byAddress, address),
      keyId === null ? 0 : await excessOf(this.#byKey, keyId),
    ]
    const worst = Math.max(...excess)
    if (worst > 0) throw tooMany(Math.min(900, MINUTE_S * Math.ceil(worst / PER_KEY)))
  }

  async called(keyId: string): Promise<Allowance> {
    const { refused, state } = await this.#consume(keyId)
    const allowance = {
      limit: CALLS_PER_MINUTE,
      remaining: state.remainingPoints,
      resetSeconds: Math.ceil(state.msBeforeNext / 1_000),
    }
    if (refused) throw tooMany(allowance.resetSeconds, allowanceHeaders(allowance))
    return allowance
  }

  async #consume(keyId: string): Promise<{ refused: boolean; state: RateLimiterRes }> {
    try {
      return { refused: false, state: await this.#calls.consume(keyId) }
    } catch (state) {
      if (state instanceof RateLimiterRes) return { refused: true, state }
      throw state
    }
  }
}

export function allowanceHeaders({ limit, remaining, resetSeconds }: Allowance): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  }
}

async function excessOf(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key)
    return 0
  } catch (state) {
    if (state instanceof RateLimiterRes) return state.consumedPoints - limiter.points
    throw state
  }
}

function tooMany(seconds: number, headers: Record<string, string> = {}): Error {
  return RateLimited({ values: { seconds }, headers: { ...headers, 'retry-after': String(seconds) } })
}
