/** One end for a call, for two reasons: its own time is up, or its caller no longer wants it. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #passed = Promise.withResolvers<never>()
  readonly #started: number
  readonly #end = (): void => {
    this.#controller.abort()
    this.#passed.reject(new Error('the time of the call is up'))
  }

  constructor(
    private readonly ms: number,
    private readonly caller?: AbortSignal,
    private readonly now: () => number = () => performance.now(),
  ) {
    // Nobody may be listening when it passes.
    this.#passed.promise.catch(() => undefined)
    this.#started = now()
    this.#timer = setTimeout(this.#end, ms)
    if (caller?.aborted) this.#end()
    else caller?.addEventListener('abort', this.#end, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get leftMs(): number {
    return Math.max(0, this.ms - (this.now() - this.#started))
  }

  /** What ended the call; undefined while nothing has. */
  get reason(): 'cancelled' | 'total_timeout' | undefined {
    if (!this.signal.aborted) return undefined
    return this.caller?.aborted ? 'cancelled' : 'total_timeout'
  }

  /**
   * The work's outcome, or a rejection the moment the deadline passes: the network library heeds a signal only once a
   * request has its socket, and one that still waits for it must end too.
   */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.signal.aborted) return this.#passed.promise
    return Promise.race([work(), this.#passed.promise])
  }

  /** To be called when the call is over: a caller's signal may outlive thousands of calls. */
  done(): void {
    clearTimeout(this.#timer)
    this.caller?.removeEventListener('abort', this.#end)
  }
}
