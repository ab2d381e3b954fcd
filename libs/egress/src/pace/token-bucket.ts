/** So many calls in so many seconds; `burst` of them at once (left out: all). */
export interface RateLimit {
  requests: number
  perSeconds: number
  burst?: number
}

/** Fills evenly. Who finds it empty may take a token that is still to come, and waits for it. */
export class TokenBucket {
  readonly #size: number
  readonly #perMs: number
  #tokens: number
  #filledAt: number

  constructor(
    readonly limit: RateLimit,
    now: number,
  ) {
    this.#size = limit.burst ?? limit.requests
    this.#perMs = limit.requests / (limit.perSeconds * 1_000)
    this.#tokens = this.#size
    this.#filledAt = now
  }

  /** Milliseconds until the next token is there. */
  waitMs(now: number): number {
    this.#tokens = Math.min(this.#size, this.#tokens + Math.max(0, now - this.#filledAt) * this.#perMs)
    this.#filledAt = Math.max(now, this.#filledAt)
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs)
  }

  take(): void {
    this.#tokens--
  }

  giveBack(): void {
    this.#tokens++
  }
}
