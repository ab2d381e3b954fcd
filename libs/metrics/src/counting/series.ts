import { BUCKETS, bucketOf } from './histogram.ts'

/** The counters of `integration_metrics_hourly`, in its order. */
export const COUNTERS = [
  'total_connections',
  'new_connections',
  'failed_connections',
  'api_calls_total',
  'api_calls_success',
  'api_calls_failed',
  'webhooks_received',
  'webhooks_processed',
  'webhooks_failed',
  'rate_limit_hits',
] as const
export type Counter = (typeof COUNTERS)[number]

const INDEX = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<Counter, number>

/** What one provider's connection (or none) did in one hour, as far as this process saw it and has not written it. */
export class Series {
  readonly #counts = new Array<number>(COUNTERS.length).fill(0)
  #buckets: number[] | null = null
  #observations = 0
  #milliseconds = 0

  constructor(
    readonly provider: string,
    readonly connection: string | null,
    /** Hours since 1970. */
    readonly hour: number,
  ) {}

  get key(): string {
    return `${this.hour} ${this.provider} ${this.connection ?? ''}`
  }

  count(counter: Counter, by: number): void {
    const index = INDEX[counter]
    this.#counts[index] = (this.#counts[index] ?? 0) + by
  }

  observe(ms: number): void {
    const whole = Math.max(0, Math.round(ms))
    this.#buckets ??= new Array<number>(BUCKETS).fill(0)
    const bucket = bucketOf(whole)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#observations++
    this.#milliseconds += whole
  }

  /** Takes in what another series of the same counters has. */
  add(other: Series): void {
    COUNTERS.forEach((counter, index) => {
      this.count(counter, other.#counts[index] ?? 0)
    })
    if (!other.#buckets) return
    const buckets = (this.#buckets ??= new Array<number>(BUCKETS).fill(0))
    other.#buckets.forEach((n, bucket) => (buckets[bucket] = (buckets[bucket] ?? 0) + n))
    this.#observations += other.#observations
    this.#milliseconds += other.#milliseconds
  }

  /** As `record_integration_metrics()` reads it; a counter that is 0 is left out. */
  row(): Record<string, unknown> {
    const row: Record<string, unknown> = {
      provider: this.provider,
      connection_id: this.connection,
      hour: new Date(this.hour * 3_600_000).toISOString(),
    }
    COUNTERS.forEach((counter, index) => {
      if (this.#counts[index]) row[counter] = this.#counts[index]
    })
    if (this.#buckets) {
      row.response_time_count = this.#observations
      row.response_time_sum_ms = this.#milliseconds
      row.response_time_buckets = this.#buckets
    }
    return row
  }
}
