import { type RecordedCall, shortened } from './recorded-call.ts'

export type Dropped = 'details' | 'success' | 'error'

export interface QueueLimits {
  rows: number
  bytes: number
}

/**
 * Calls that wait for their row, bounded. From half of the bound on, calls that went well are kept without headers and
 * bodies; at the bound they give way, then errors do. Each loss is told, and nobody ever waits.
 */
export class CallQueue {
  #errors: RecordedCall[] = []
  #others: RecordedCall[] = []
  #bytes = 0

  constructor(
    private readonly limits: QueueLimits,
    private readonly onDrop: (what: Dropped) => void,
  ) {}

  get length(): number {
    return this.#errors.length + this.#others.length
  }

  add(call: RecordedCall): void {
    const added = this.#isOver(2) && !call.isError ? this.#shortened(call) : call
    if (added.isError) while (this.#isOver(1, added.bytes) && this.#others.length > 0) this.#dropOldest()
    if (this.#isOver(1, added.bytes)) {
      this.onDrop(added.isError ? 'error' : 'success')
      return
    }
    this.#bytes += added.bytes
    ;(added.isError ? this.#errors : this.#others).push(added)
  }

  /** The oldest ones, errors first; they are the caller's now. */
  take(count: number): RecordedCall[] {
    const errors = this.#errors.splice(0, count)
    const taken = [...errors, ...this.#others.splice(0, count - errors.length)]
    for (const { bytes } of taken) this.#bytes -= bytes
    return taken
  }

  #isOver(parts: number, more = 0): boolean {
    return this.length >= this.limits.rows / parts || this.#bytes + more > this.limits.bytes / parts
  }

  #shortened(call: RecordedCall): RecordedCall {
    if (call.inFull) this.onDrop('details')
    return shortened(call)
  }

  #dropOldest(): void {
    const dropped = this.#others.shift()
    if (!dropped) return
    this.#bytes -= dropped.bytes
    this.onDrop('success')
  }
}
