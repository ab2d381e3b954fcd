/** So many milliseconds of work a second, and no more. */
export class WorkingTime {
  #second = 0
  #spent = 0

  constructor(
    private readonly msASecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  isLeft(): boolean {
    const second = Math.floor(this.now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#spent = 0
    }
    return this.#spent < this.msASecond
  }

  spend<T>(work: () => T): T {
    const started = this.now()
    try {
      return work()
    } finally {
      this.#spent += this.now() - started
    }
  }
}
