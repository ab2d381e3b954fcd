import { randomUUID } from 'node:crypto'
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Database, isDataAtFault, Lane } from '@app/database'
import { errorFields } from '@app/secrets'
import { Counter as Counted, Gauge } from 'prom-client'
import { Metrics } from './metrics.ts'

const flushes = new Counted({
  name: 'wasl_metric_flushes_total',
  help: 'Batches of metrics by outcome',
  labelNames: ['outcome'],
})
const unwritten = new Gauge({
  name: 'wasl_metric_batches_waiting',
  help: 'Batches of metrics that are not known to be written',
})

const EVERY_MS = 1_000
const BATCH = 2_000
const STOP_WITHIN_MS = 3_000
/** A batch that the database refuses for what is in it is tried this often: a connection may be deleted meanwhile. */
const TRIES = 5

interface Batch {
  flush: number
  rows: string
  refused: number
}

/**
 * Writes what was counted. A batch leaves memory when it is known to be committed, and bears a number that is committed
 * with it: sent again after a lost answer, it is written once.
 */
@Injectable()
export class MetricFlusher implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('metrics')
  readonly #lane: Lane
  /** This process, as the database knows it. */
  readonly #writer = randomUUID()
  #flush = 0
  #batches: Batch[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | null = null
  #complained = false

  constructor(
    database: Database,
    private readonly metrics: Metrics,
  ) {
    this.#lane = new Lane(database.url, 'metrics')
  }

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.#write(), EVERY_MS)
    this.#timer.unref()
  }

  /** Resolves when what was counted so far is written, or the database could not be asked. */
  async flush(): Promise<void> {
    await this.#writing
    await this.#write()
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_WITHIN_MS)
    })
    await Promise.race([this.flush(), late])
    clearTimeout(timer)
    await this.#lane.close()
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
      unwritten.set(this.#batches.length)
    })
    return this.#writing
  }

  /** While a batch is undecided, what is counted stays where it is counted: an outage costs the memory of its hours. */
  async #writeAll(): Promise<void> {
    if (!(await this.#sent())) return
    this.#batches = this.#taken()
    await this.#sent()
  }

  async #sent(): Promise<boolean> {
    for (let batch = this.#batches[0]; batch; batch = this.#batches[0]) {
      if (!(await this.#isDecided(batch))) return false
      this.#batches.shift()
    }
    return true
  }

  #taken(): Batch[] {
    const rows = this.metrics.take().map((series) => series.row())
    const batches: Batch[] = []
    for (let from = 0; from < rows.length; from += BATCH) {
      batches.push({ flush: ++this.#flush, rows: JSON.stringify(rows.slice(from, from + BATCH)), refused: 0 })
    }
    return batches
  }

  async #isDecided(batch: Batch): Promise<boolean> {
    try {
      const { rows } = await this.#lane.query<{ fresh: boolean }>({
        name: 'record-metrics',
        text: 'SELECT record_integration_metrics($1, $2, $3) AS fresh',
        values: [this.#writer, batch.flush, batch.rows],
      })
      flushes.inc({ outcome: rows[0]?.fresh ? 'written' : 'known' })
      this.#complained = false
      return true
    } catch (error) {
      if (isDataAtFault(error)) batch.refused++
      const isHopeless = batch.refused >= TRIES
      flushes.inc({ outcome: isHopeless ? 'lost' : 'again' })
      this.#complain(error, isHopeless ? 'metrics that the database refuses are lost' : 'metrics wait')
      return isHopeless
    }
  }

  #complain(error: unknown, msg: string): void {
    if (this.#complained) return
    this.#complained = true
    this.logger.warn({ msg, ...errorFields(error) })
  }
}
