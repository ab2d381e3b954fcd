import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { type Work, Worker, WorkQueue } from '@app/jobs'
import { Metrics } from '@app/metrics'
import { Outbox } from '@app/outbox'
import { errorFields } from '@app/secrets'
import { Counter, Histogram } from 'prom-client'
import { Arrivals } from './arrivals.ts'
import { Confirmation } from './confirmation.ts'
import { EventReader } from './event-reader.ts'
import { AttemptFailed, EVENT_WORK, type EventUnderWork, type FailureCode } from './event-work.ts'
import { type Fact, Facts } from './facts.ts'
import { type Outcome, OutcomeWriter } from './outcome-writer.ts'

const processed = new Counter({
  name: 'wasl_events_processed_total',
  help: 'Attempts to process an event, by how they ended',
  labelNames: ['provider', 'outcome'],
})
const lag = new Histogram({
  name: 'wasl_webhook_lag_seconds',
  help: 'From the receipt of a delivery to the end of its first attempt',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
})

const AT_ONCE = 400
/** A connection whose provider is slow to confirm leaves three quarters of the places to the others. */
const PER_CONNECTION = 100
const TIMEOUT_MS = 20_000

/** claim → read → normalise → confirm → commit with all that follows from it. At least once; in effect once. */
@Injectable()
export class ProcessEvents implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #worker: Worker<Omit<EventUnderWork, 'lane'>>
  readonly #writer: OutcomeWriter
  private readonly logger = new Logger('processing')

  constructor(
    database: Database,
    private readonly settings: Settings,
    private readonly reader: EventReader,
    private readonly confirmation: Confirmation,
    private readonly arrivals: Arrivals,
    private readonly metrics: Metrics,
    facts: Facts,
    outbox: Outbox,
  ) {
    this.#writer = new OutcomeWriter(database, outbox, facts)
    const work: Work<Omit<EventUnderWork, 'lane'>> = {
      name: 'processing',
      batch: 100,
      atOnce: AT_ONCE,
      perLane: PER_CONNECTION,
      timeoutMs: TIMEOUT_MS,
      together: false,
      handle: async ([event], signal) => {
        if (event) await this.#attempt(event, signal)
      },
      timedOut: async ([event]) => {
        if (event)
          await this.#end({
            event,
            ms: TIMEOUT_MS,
            kind: 'failed',
            failure: new AttemptFailed('handler_timeout'),
          })
      },
    }
    this.#worker = new Worker(new WorkQueue(database, EVENT_WORK), work)
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.settings.runs('worker')) return
    this.#worker.start()
    await this.arrivals.listen(() => {
      this.#worker.wake()
    })
  }

  /** There may be events that are due now. */
  wake(): void {
    this.#worker.wake()
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#worker.stop()
    await this.#writer.close()
  }

  async #attempt(event: EventUnderWork, signal: AbortSignal): Promise<void> {
    const started = performance.now()
    const end = await this.#understood(event, signal)
    if (signal.aborted) return
    await this.#end({ event, ms: performance.now() - started, ...end })
  }

  async #understood(
    event: EventUnderWork,
    signal: AbortSignal,
  ): Promise<
    | { kind: 'understood'; facts: Fact[] }
    | { kind: 'told_again' }
    | { kind: 'failed'; failure: AttemptFailed }
  > {
    try {
      const reading = await this.reader.read(event)
      if (reading === null) return { kind: 'told_again' }
      return { kind: 'understood', facts: await this.confirmation.factsOf(event, reading, signal) }
    } catch (error) {
      const failure =
        error instanceof AttemptFailed ? error : new AttemptFailed('connector_failed', { cause: error })
      return { kind: 'failed', failure }
    }
  }

  async #end(outcome: Outcome): Promise<void> {
    const { event } = outcome
    const written = await this.#writer.write(outcome)
    processed.inc({ provider: event.provider, outcome: written })
    if (event.retry_count === 1 && event.replay_id === null)
      lag.observe(Math.max(0, Date.now() - event.created_at.getTime()) / 1_000)
    if (written === 'completed') this.metrics.count('webhooks_processed', event.provider, event.connection_id)
    if (written !== 'dead_letter' && written !== 'retrying') return
    if (written === 'dead_letter') this.metrics.count('webhooks_failed', event.provider, event.connection_id)
    this.#tell(event, written, outcome)
  }

  #tell(event: EventUnderWork, written: 'retrying' | 'dead_letter', outcome: Outcome): void {
    const code: FailureCode = outcome.kind === 'failed' ? outcome.failure.code : 'facts_refused'
    const cause = outcome.kind === 'failed' ? outcome.failure.cause : undefined
    this.logger.warn({
      msg: written === 'dead_letter' ? 'an event is a dead letter' : 'an event is tried again later',
      event: event.id,
      connection: event.connection_id,
      attempt: event.retry_count,
      code,
      ...(cause !== undefined && errorFields(cause)),
    })
  }
}
