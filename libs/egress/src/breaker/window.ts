const SLICE_MS = 10_000
const SLICES = 30

/** How many calls the last five minutes saw, and how many of them went wrong; remembered in slices of ten seconds. */
export class Window {
  readonly #calls = new Uint32Array(SLICES)
  readonly #bad = new Uint32Array(SLICES)
  #slice = 0

  add(now: number, bad: boolean): void {
    this.#moveTo(now)
    const place = this.#slice % SLICES
    this.#calls[place]!++
    if (bad) this.#bad[place]!++
  }

  at(now: number): { calls: number; bad: number } {
    this.#moveTo(now)
    return { calls: sum(this.#calls), bad: sum(this.#bad) }
  }

  clear(): void {
    this.#calls.fill(0)
    this.#bad.fill(0)
  }

  #moveTo(now: number): void {
    const slice = Math.floor(now / SLICE_MS)
    if (slice - this.#slice >= SLICES) this.clear()
    else {
      for (let passed = this.#slice + 1; passed <= slice; passed++) {
        this.#calls[passed % SLICES] = 0
        this.#bad[passed % SLICES] = 0
      }
    }
    this.#slice = Math.max(slice, this.#slice)
  }
}

function sum(slices: Uint32Array): number {
  return slices.reduce((total, count) => total + count, 0)
}
