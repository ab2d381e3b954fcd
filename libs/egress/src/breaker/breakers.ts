import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { EgressFailure } from '../egress-failure.ts'
import { Breaker, type BreakerState, type Pass } from './breaker.ts'

export interface BreakerChange {
  connection: string
  state: BreakerState
}

const KEPT = 10_000

/** A breaker for each connection that was called of late. */
export class Breakers {
  readonly #breakers = new LRUCache<string, Breaker>({ max: KEPT })
  readonly #listeners = new Set<(change: BreakerChange) => void>()

  constructor(private readonly clock: Clock) {}

  /** A connection that was never called, or long ago, is not held back. */
  stateOf(connection: string): BreakerState {
    return this.#breakers.get(connection)?.state(this.clock.now()) ?? 'closed'
  }

  /** Returns the function that ends it. */
  onChange(listener: (change: BreakerChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Throws a `provider_unavailable` failure while the breaker is open. */
  admit(connection: string): Pass {
    const now = this.clock.now()
    const breaker = this.#breakers.get(connection) ?? this.#added(connection)
    const pass = breaker.admit(now)
    if (pass) return pass
    const seconds = Math.max(1, Math.ceil(breaker.retryAfterMs(now) / 1_000))
    throw new EgressFailure('breaker_open', { effect: 'none', retryAfter: seconds })
  }

  #added(connection: string): Breaker {
    const breaker = new Breaker((state) => {
      for (const listener of this.#listeners) {
        try {
          listener({ connection, state })
        } catch {
          // Whoever fails to hear of it must not fail the call that it is about.
        }
      }
    })
    this.#breakers.set(connection, breaker)
    return breaker
  }
}
