import { setImmediate } from 'node:timers/promises'
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Database, isDataAtFault, Lane } from '@app/database'
import { Egress, type FinishedCall } from '@app/egress'
import { errorFields } from '@app/secrets'
import { Counter, Gauge } from 'prom-client'
import { CallQueue, type Dropped } from './call-queue.ts'
import { type LogRow, logRow } from './log-row.ts'
import { writeRows } from './log-writer.ts'
import { isOfNobody, recorded, type RecordedCall } from './recorded-call.ts'
import { WorkingTime } from './working-time.ts'

const written = new Counter({ name: 'wasl_api_logs_written_total', help: 'Outbound calls that have a row' })
const dropped = new Counter({
  name: 'wasl_api_logs_dropped_total',
  help: 'What was not kept of outbound calls, because too much was waiting or the database refused it',
  labelNames: ['what'],
})
const waiting = new Gauge({ name: 'wasl_api_logs_waiting', help: 'Outbound calls that wait for their row' })

const BATCH = 200
const COLLECT_MS = 30
const AGAIN_AFTER_MS = 500
const STOP_WITHIN_MS = 3_000
const LIMITS = { rows: 10_000, bytes: 16 * 1024 * 1024 }
/** Redaction of a large body takes milliseconds: a provider that fails wholesale must not take the core from the rest. */
const REDACTION_MS_A_SECOND = 100
const SLICE_MS = 4

/**
 * One row a call, off the caller's way: the announcement is only put down, and what was put down within some 30 ms is
 * redacted and written together, on a connection of its own.
 */
@Injectable()
export class ApiLogRecorder implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('api-logs')
  readonly #lane: Pick<Lane, 'query' | 'close'>
  readonly #queue = new CallQueue(LIMITS, (what) => {
    this.#lose(what)
  })
  readonly #redaction = new WorkingTime(REDACTION_MS_A_SECOND)
  /** Redacted, and not known to be written yet. */
  #rows: LogRow[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | null = null
  #stopListening: () => void = () => undefined
  #stopping = false
  /** The last try failed: the next one waits for its time, however many calls come. */
  #away = false
  #complained = false

  constructor(
    database: Database,
    private readonly egress: Egress,
  ) {
    this.#lane = new Lane(database.url, 'api-logs')
  }

  onModuleInit(): void {
    this.#stopListening = this.egress.onCall((call) => {
      this.hear(call)
    })
  }

  hear(call: FinishedCall): void {
    if (isOfNobody(call)) return
    this.#queue.add(recorded(call))
    if (this.#queue.length >= BATCH && !this.#away) void this.#write()
    else this.#writeIn(COLLECT_MS)
  }

  /** Resolves when all that was heard so far is written, or the database could not be asked. */
  async flush(): Promise<void> {
    await this.#writing
    await this.#write()
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopping = true
    this.#stopListening()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_WITHIN_MS)
    })
    await Promise.race([this.flush(), late])
    clearTimeout(timer)
    clearTimeout(this.#timer)
    for (const row of this.#rows) this.#lose(row.is_error ? 'error' : 'success')
    for (const call of this.#queue.take(Infinity)) this.#lose(call.isError ? 'error' : 'success')
    await this.#lane.close()
  }

  #writeIn(ms: number): void {
    if (this.#timer || this.#writing) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, ms).unref()
  }

  #write(): Promise<void> {
    this.#writing ??= this.#drain().then((complete) => {
      this.#writing = null
      this.#away = !complete
      waiting.set(this.#queue.length + this.#rows.length)
      if (this.#stopping) return
      if (!complete) this.#writeIn(AGAIN_AFTER_MS)
      // What was put down between the last look and this line has found nobody to wake.
      else if (this.#queue.length > 0) this.#writeIn(COLLECT_MS)
    })
    return this.#writing
  }

  /** false: the database cannot be asked now; what waits stays, up to the bound. */
  async #drain(): Promise<boolean> {
    while (this.#rows.length > 0 || this.#queue.length > 0) {
      if (this.#rows.length === 0) this.#rows = await this.#redacted(this.#queue.take(BATCH))
      try {
        await this.#insert(this.#rows)
        this.#rows = []
        this.#complained = false
      } catch (error) {
        this.#complain(error)
        return false
      }
    }
    return true
  }

  async #redacted(calls: RecordedCall[]): Promise<LogRow[]> {
    const rows: LogRow[] = []
    let since = performance.now()
    for (const call of calls) {
      const withDetails = !call.inFull || this.#redaction.isLeft()
      if (!withDetails) this.#lose('details')
      const row = this.#redaction.spend(() => this.#rowOf(call, withDetails))
      if (row) rows.push(row)
      if (performance.now() - since < SLICE_MS) continue
      await setImmediate()
      since = performance.now()
    }
    return rows
  }

  #rowOf(call: RecordedCall, withDetails: boolean): LogRow | null {
    try {
      return logRow(call, withDetails)
    } catch (error) {
      this.#lose(call.isError ? 'error' : 'success')
      this.#complain(error, 'a call cannot be logged')
      return null
    }
  }

  async #insert(rows: readonly LogRow[]): Promise<void> {
    try {
      written.inc(await writeRows(this.#lane, rows))
    } catch (error) {
      if (!isDataAtFault(error)) throw error
      // A connection that was deleted this moment, or a row that we did not foresee, must not sink its neighbours.
      if (rows.length === 1) await this.#insertAgain(rows, error)
      else {
        const half = rows.length >> 1
        await this.#insert(rows.slice(0, half))
        await this.#insert(rows.slice(half))
      }
    }
  }

  /** What was between two questions the first time may be settled now. */
  async #insertAgain([row]: readonly LogRow[], first: unknown): Promise<void> {
    if (!row) return
    try {
      written.inc(await writeRows(this.#lane, [row]))
    } catch (error) {
      if (!isDataAtFault(error)) throw error
      this.#lose(row.is_error ? 'error' : 'success')
      this.#complain(first, 'the database refuses the log of a call')
    }
  }

  #lose(what: Dropped): void {
    dropped.inc({ what })
  }

  /** Once an outage: a database that is away is no news after that. */
  #complain(error: unknown, msg = 'logs of outbound calls wait for the database'): void {
    if (this.#complained) return
    this.#complained = true
    this.logger.warn({ msg, waiting: this.#queue.length, ...errorFields(error) })
  }
}
