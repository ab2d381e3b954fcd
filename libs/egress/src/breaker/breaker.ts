import { Window } from './window.ts'

export type BreakerState = 'closed' | 'open' | 'half_open'

/** How a call ended, for the breaker: `bad` where the provider's machinery failed, `nothing` where it says nothing of it. */
export type Verdict = 'good' | 'bad' | 'nothing'

/** To be told once how an admitted call ended. */
export type Pass = (verdict: Verdict, now: number) => void

const CALLS = 20
const BAD_SHARE = 0.5
const OPEN_MS = 60_000
const TRIALS = 3

/**
 * Stops calls to who fails (unified-models.md 7.6): opens at 20 calls and half of them bad within five minutes; after a
 * minute three calls may try. Three good ones close it, one bad one opens it for another minute.
 */
export class Breaker {
  readonly #window = new Window()
  #state: BreakerState = 'closed'
  #openedAt = 0
  #trials = 0
  #succeeded = 0
  /** Calls of an era that is over have no say in the next one. */
  #era = 0

  constructor(private readonly changed: (state: BreakerState) => void) {}

  state(now: number): BreakerState {
    if (this.#state === 'open' && this.retryAfterMs(now) === 0) {
      this.#trials = this.#succeeded = 0
      this.#become('half_open')
    }
    return this.#state
  }

  /** null: not now. */
  admit(now: number): Pass | null {
    const state = this.state(now)
    if (state === 'open' || (state === 'half_open' && this.#trials === TRIALS)) return null
    if (state === 'half_open') this.#trials++
    const era = this.#era
    return (verdict, then) => {
      if (era === this.#era) this.#heed(verdict, then)
    }
  }

  retryAfterMs(now: number): number {
    return this.#state === 'open' ? Math.max(0, this.#openedAt + OPEN_MS - now) : 0
  }

  #heed(verdict: Verdict, now: number): void {
    if (this.#state === 'half_open') this.#weigh(verdict, now)
    else if (verdict !== 'nothing') {
      this.#window.add(now, verdict === 'bad')
      const { calls, bad } = this.#window.at(now)
      if (calls >= CALLS && bad >= calls * BAD_SHARE) this.#open(now)
    }
  }

  #weigh(verdict: Verdict, now: number): void {
    if (verdict === 'bad') this.#open(now)
    else if (verdict === 'nothing') this.#trials--
    else if (++this.#succeeded === TRIALS) this.#become('closed')
  }

  #open(now: number): void {
    this.#openedAt = now
    this.#window.clear()
    this.#become('open')
  }

  #become(state: BreakerState): void {
    this.#era++
    this.#state = state
    this.changed(state)
  }
}
