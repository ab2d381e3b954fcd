interface Waiting {
  since: number
  reject(reason: Error): void
}

/** A time-limit for many promises at once, with one timer: the oldest is overdue first. */
export class Patience {
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly ms: number,
    private readonly late: () => Error,
  ) {}

  /** As `work` ends; or rejects with `late()` when it has not ended in time (it goes on, unheard). */
  limit<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = { since: performance.now(), reject }
      this.#waiting.add(waiting)
      this.#timer ??= setTimeout(() => {
        this.#refuseOverdue()
      }, this.ms).unref()
      work.then(resolve, reject).finally(() => this.#waiting.delete(waiting))
    })
  }

  #refuseOverdue(): void {
    this.#timer = undefined
    for (const waiting of this.#waiting) {
      const left = waiting.since + this.ms - performance.now()
      if (left >= 1) {
        this.#timer = setTimeout(() => {
          this.#refuseOverdue()
        }, left).unref()
        break
      }
      this.#waiting.delete(waiting)
      waiting.reject(this.late())
    }
  }
}
