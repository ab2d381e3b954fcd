import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { type Taken, Worker, WorkQueue } from '@app/jobs'
import type { Delivery } from '../delivery/delivery.ts'
import { Conclusion } from './conclusion.ts'
import { deliveriesAsWork } from './deliveries-as-work.ts'
import { Sending } from './sending.ts'

/** A try ends by itself long before; what hangs all the same is cut off, and counts as a try. */
const TIMEOUT_MS = 30_000

/** Sends what is due, in the processes that are workers: fairly, a few at a time to each destination. */
@Injectable()
export class Deliverer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #queue: WorkQueue<Delivery>
  readonly #worker: Worker<Delivery>
  #stopping = false

  constructor(
    private readonly settings: Settings,
    database: Database,
    private readonly sending: Sending,
    private readonly conclusion: Conclusion,
  ) {
    this.#queue = new WorkQueue(database, deliveriesAsWork)
    this.#worker = new Worker(this.#queue, {
      name: 'deliveries',
      batch: 100,
      // Mostly waiting for others: that costs little, and a dozen destinations that hang leave room for the rest.
      atOnce: 256,
      perLane: 16,
      timeoutMs: TIMEOUT_MS,
      together: false,
      handle: async (rows, signal) => {
        for (const row of rows) await this.#deliver(row, signal)
      },
      timedOut: async (rows) => {
        const hung = { kind: 'unknown', outcome: { code: 'timeout', delivered: false }, ms: TIMEOUT_MS }
        for (const row of rows) await this.conclusion.of(row, hung)
      },
    })
  }

  onApplicationBootstrap(): void {
    if (this.settings.runs('worker')) this.#worker.start()
  }

  /** There may be something to send. */
  wake(): void {
    this.#worker.wake()
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (!this.settings.runs('worker')) return
    const stopped = this.#worker.stop()
    this.#stopping = true
    await stopped
  }

  async #deliver(delivery: Taken<Delivery>, signal: AbortSignal): Promise<void> {
    const tried = await this.sending.try(delivery, signal)
    // Cut off because we stop: no fault of the destination's. Another process sends it again, at once.
    if (signal.aborted && this.#stopping && !tried.outcome.delivered) await this.#queue.giveBack([delivery])
    else await this.conclusion.of(delivery, tried)
  }
}
