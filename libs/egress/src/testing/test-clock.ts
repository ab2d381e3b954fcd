import type { Clock } from '../clock.ts'

/** A clock that stands still until a wait, which passes at once and moves it on. */
export class TestClock implements Clock {
  readonly waits: number[] = []
  readonly #calendar = Date.UTC(2026, 10, 24, 9)

  constructor(private ms = 1_000_000) {}

  now(): number {
    return this.ms
  }

  date(): number {
    return this.#calendar + this.ms
  }

  random(): number {
    return 0
  }

  wait(ms: number): Promise<void> {
    this.waits.push(ms)
    this.pass(ms)
    return Promise.resolve()
  }

  pass(ms: number): void {
    this.ms += ms
  }
}
