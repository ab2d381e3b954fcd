import { BodyStoreUnavailable } from './body-store.ts'

interface Member<In, Out> {
  item: In
  bytes: number
  since: number
  resolve(value: Out): void
  reject(error: unknown): void
}

interface Limits {
  /** How many groups may be under way at once. */
  lanes: number
  groupItems: number
  groupBytes: number
  /** Beyond this, refusing at once is better than a growing heap. */
  waitingBytes: number
  /** A member that has no answer after this, be it waiting or under way, is told that the store is unavailable. */
  answerWithinMs?: number
}

/**
 * Group commit without a clock: what arrives while a group is under way goes together into the next, which starts
 * the moment a lane is free. Alone, an item pays one write; under load, dozens share it.
 */
export class GroupCommit<In, Out> {
  #waiting: Member<In, Out>[] = []
  #waitingBytes = 0
  readonly #busy: boolean[]
  /** Waiting or under way, oldest first. */
  readonly #unanswered = new Set<Member<In, Out>>()
  #watch: NodeJS.Timeout | undefined
  #closed = false
  #whenIdle: (() => void)[] = []

  constructor(
    private readonly limits: Limits,
    private readonly write: (items: In[], lane: number) => Promise<readonly (Out | Error)[]>,
  ) {
    this.#busy = Array.from({ length: limits.lanes }, () => false)
  }

  add(item: In, bytes: number): Promise<Out> {
    if (this.#closed) return Promise.reject(new BodyStoreUnavailable('it is closed'))
    if (this.#waitingBytes + bytes > this.limits.waitingBytes) {
      return Promise.reject(new BodyStoreUnavailable('too much is waiting'))
    }
    return new Promise<Out>((resolve, reject) => {
      const member = { item, bytes, since: performance.now(), resolve, reject }
      this.#waiting.push(member)
      this.#waitingBytes += bytes
      this.#unanswered.add(member)
      if (this.limits.answerWithinMs !== undefined) this.#watchFor(this.limits.answerWithinMs)
      const lane = this.#busy.indexOf(false)
      if (lane !== -1) {
        this.#busy[lane] = true
        // After this turn of the loop: requests that arrived together go together.
        setImmediate(() => void this.#drain(lane))
      }
    })
  }

  /** Takes nothing more, and resolves when everything taken has its answer. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#busy.includes(true)) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  async #drain(lane: number): Promise<void> {
    for (let group = this.#nextGroup(); group.length > 0; group = this.#nextGroup()) {
      try {
        const outcomes = await this.write(
          group.map(({ item }) => item),
          lane,
        )
        group.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index]
          if (outcome === undefined) reject(new Error('a group commit lost a member'))
          else if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        })
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
      for (const member of group) this.#unanswered.delete(member)
    }
    this.#busy[lane] = false
    if (!this.#busy.includes(true)) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  #nextGroup(): Member<In, Out>[] {
    let count = 0
    let bytes = 0
    while (count < this.#waiting.length && count < this.limits.groupItems) {
      bytes += this.#waiting[count]?.bytes ?? 0
      if (count > 0 && bytes > this.limits.groupBytes) break
      count++
    }
    const group = this.#waiting.splice(0, count)
    for (const { bytes: size } of group) this.#waitingBytes -= size
    return group
  }

  /** One timer for all: the oldest is overdue first. */
  #watchFor(ms: number): void {
    this.#watch ??= setTimeout(() => {
      this.#watch = undefined
      this.#refuseOverdue()
    }, ms).unref()
  }

  #refuseOverdue(): void {
    const patience = this.limits.answerWithinMs ?? Infinity
    const now = performance.now()
    for (const member of this.#unanswered) {
      const left = member.since + patience - now
      if (left >= 1) {
        this.#watchFor(left)
        break
      }
      this.#unanswered.delete(member)
      member.reject(new BodyStoreUnavailable(`no answer within ${patience} ms`))
    }
    this.#waiting = this.#waiting.filter((member) => this.#unanswered.has(member))
    this.#waitingBytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
