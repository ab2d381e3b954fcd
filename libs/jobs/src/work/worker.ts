import { Logger } from '@nestjs/common'
import { errorFields } from '@app/secrets'
import { LEASE_SECONDS } from './work-table.ts'
import type { Taken, WorkQueue } from './work-queue.ts'

/** What a worker does with what it has claimed. It writes the outcome itself, under the row's lease token. */
export interface Work<Row extends object> {
  name: string
  /** Claimed by one statement. */
  batch: number
  /** Under way in this process: in all, and of one lane. */
  atOnce: number
  perLane: number
  /** After so long the signal is aborted; a handler that then does not end is left behind, its rows to {@link timedOut}. */
  timeoutMs: number
  /** All rows of a claim in one call, or one by one. */
  together: boolean
  handle(rows: readonly Taken<Row>[], signal: AbortSignal): Promise<void>
  /** Ends rows whose handler did not: they must not stay ours. */
  timedOut(rows: readonly Taken<Row>[]): Promise<void>
}

const POLL_MS = 1_000
const RENEW_MS = (LEASE_SECONDS * 1_000) / 3
/** A handler that was told to stop has so long to do it. */
const GRACE_MS = 2_000
const STOP_WITHIN_MS = 8_000
/** The database is away: not asked more often than this. */
const REST_MS = 500

interface UnderWay<Row extends object> {
  rows: readonly Taken<Row>[]
  abort: AbortController
  done: Promise<void>
}

/**
 * Claims and handles until it is stopped: woken by whoever knows of new work, and looking by itself every second.
 * A row that may have killed its worker is handled when nothing else of its kind is under way, so that it takes nobody
 * along twice.
 */
export class Worker<Row extends object> {
  readonly #underWay = new Set<UnderWay<Row>>()
  readonly #logger: Logger
  #running: Promise<void> | null = null
  #stopping = false
  #woken = false
  #wake: (() => void) | null = null
  #renewal: NodeJS.Timeout | null = null
  #suspectSoughtAt = 0
  #suspectUnderWay = false

  constructor(
    private readonly queue: WorkQueue<Row>,
    private readonly work: Work<Row>,
  ) {
    this.#logger = new Logger(work.name)
  }

  start(): void {
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS)
    this.#running = this.#run()
  }

  /** There may be work. Costs nothing while the worker is busy. */
  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  /** Takes no more; what is under way ends, or is given back. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.wake()
    await this.#running
    const ended = Promise.all([...this.#underWay].map(({ done }) => done))
    await Promise.race([ended, pause(STOP_WITHIN_MS)])
    for (const { abort } of this.#underWay) abort.abort()
    await Promise.race([ended, pause(GRACE_MS)])
    if (this.#renewal) clearInterval(this.#renewal)
    const left = [...this.#underWay].flatMap(({ rows }) => rows)
    if (left.length > 0) await this.queue.giveBack(left).catch(() => undefined)
    await this.queue.close()
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all([...this.#underWay].map(({ done }) => done))
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false
      const found = await this.#claim().catch(async (error: unknown) => {
        this.#logger.warn({ msg: 'no work could be claimed', ...errorFields(error) })
        await pause(REST_MS)
        return 0
      })
      if (this.#stopping) return
      if (found === 0) await this.#sleep(POLL_MS)
      else if (this.#free() === 0) await this.#sleep(null)
    }
  }

  async #claim(): Promise<number> {
    const suspects = await this.#claimSuspect()
    const free = this.#free()
    if (free === 0) return suspects
    const rows = await this.queue.claim({
      most: Math.min(this.work.batch, free),
      perLane: this.work.perLane,
      not: this.#fullLanes(),
    })
    if (rows.length > 0) {
      if (this.work.together) void this.#begin(rows)
      else for (const row of rows) void this.#begin([row])
    }
    return suspects + rows.length
  }

  /** At most one, and not more often than we would look by ourselves. */
  async #claimSuspect(): Promise<number> {
    const now = performance.now()
    if (this.#suspectUnderWay || now - this.#suspectSoughtAt < POLL_MS) return 0
    this.#suspectSoughtAt = now
    const row = await this.queue.claimSuspect()
    if (!row) return 0
    this.#suspectUnderWay = true
    void this.#begin([row]).finally(() => {
      this.#suspectUnderWay = false
      // It was innocent: there may be more of them.
      this.#suspectSoughtAt = 0
    })
    return 1
  }

  #begin(rows: readonly Taken<Row>[]): Promise<void> {
    const abort = new AbortController()
    const underWay: UnderWay<Row> = { rows, abort, done: Promise.resolve() }
    underWay.done = this.#handle(underWay).finally(() => {
      this.#underWay.delete(underWay)
      // Also when it ends while a claim is asked for: that one has not counted on its place, or on what waited for it.
      this.wake()
    })
    this.#underWay.add(underWay)
    return underWay.done
  }

  async #handle({ rows, abort }: UnderWay<Row>): Promise<void> {
    const { timeoutMs } = this.work
    let late: NodeJS.Timeout | undefined
    const overdue = new Promise<'late'>((resolve) => {
      late = setTimeout(() => {
        abort.abort()
        late = setTimeout(() => {
          resolve('late')
        }, GRACE_MS)
      }, timeoutMs)
    })
    try {
      const end = await Promise.race([this.work.handle(rows, abort.signal), overdue])
      if (end === 'late') await this.work.timedOut(rows)
    } catch (error) {
      // Nothing is lost: the lease ends, and the rescuer makes the rows due again.
      this.#logger.warn({ msg: 'an outcome was not written', rows: rows.length, ...errorFields(error) })
    } finally {
      clearTimeout(late)
    }
  }

  async #renew(): Promise<void> {
    const held = [...this.#underWay]
    if (held.length === 0) return
    try {
      const ours = await this.queue.renew(held.flatMap(({ rows }) => rows))
      for (const { rows, abort } of held) {
        // Somebody else has them by now: whatever we find out about them is refused.
        if (rows.every(({ id }) => !ours.has(id))) abort.abort()
      }
    } catch (error) {
      this.#logger.warn({ msg: 'leases were not renewed', ...errorFields(error) })
    }
  }

  #free(): number {
    let busy = 0
    for (const { rows } of this.#underWay) busy += rows.length
    return Math.max(0, this.work.atOnce - busy)
  }

  #fullLanes(): string[] {
    const counts = new Map<string, number>()
    for (const { rows } of this.#underWay)
      for (const { lane } of rows) counts.set(lane, (counts.get(lane) ?? 0) + 1)
    return [...counts].filter(([, count]) => count >= this.work.perLane).map(([lane]) => lane)
  }

  /** null: until somebody wakes us, as the end of what is under way does. */
  async #sleep(ms: number | null): Promise<void> {
    if (this.#woken || this.#stopping) return
    await new Promise<void>((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = null
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
