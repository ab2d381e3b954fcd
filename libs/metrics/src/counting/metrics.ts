import { Injectable } from '@nestjs/common'
import { type Counter, Series } from './series.ts'

const HOUR_MS = 3_600_000
/** Connections that were busy and are not written yet: beyond this, what they do counts for their provider only. */
const MOST_SERIES = 50_000

/**
 * The door of this room: counts what happens, in memory, in nanoseconds. An hour is the one in which it happened; what
 * was counted is written every second (metric-flusher.ts).
 */
@Injectable()
export class Metrics {
  #current = new Map<string, Series>()
  /** Of hours that are over. */
  #finished: Series[] = []
  #latestHour = 0

  /** So many more. Without a connection it counts for the provider. */
  count(counter: Counter, provider: string, connection?: string, by = 1): void {
    this.#series(provider, connection).count(counter, by)
  }

  /** How long one call took. */
  observe(ms: number, provider: string, connection?: string): void {
    this.#series(provider, connection).observe(ms)
  }

  /** What was counted since the last time, each provider, connection and hour once; it is the caller's now. */
  take(): Series[] {
    const taken = [...this.#finished, ...this.#current.values()]
    this.#finished = []
    this.#current = new Map()
    const merged = new Map<string, Series>()
    for (const series of taken) {
      const same = merged.get(series.key)
      if (same) same.add(series)
      else merged.set(series.key, series)
    }
    return [...merged.values()]
  }

  #series(provider: string, connection: string | undefined): Series {
    // A clock that is set back does not open an hour again.
    const hour = (this.#latestHour = Math.max(this.#latestHour, Math.floor(Date.now() / HOUR_MS)))
    const key = connection ?? provider
    const known = this.#current.get(key)
    if (known?.hour === hour) return known
    if (connection !== undefined && !known && this.#isFull()) return this.#series(provider, undefined)
    if (known) this.#finished.push(known)
    const series = new Series(provider, connection ?? null, hour)
    this.#current.set(key, series)
    return series
  }

  #isFull(): boolean {
    return this.#current.size + this.#finished.length >= MOST_SERIES
  }
}
