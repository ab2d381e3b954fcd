import { EgressFailure } from '../egress-failure.ts'
import type { HeadersOf } from '../egress-request.ts'

/** One try, as far as the next one depends on it. */
export interface Tried {
  /** 1 for the first. */
  attempt: number
  outcome: EgressFailure | { status: number; headers: HeadersOf }
  /** The provider may be asked the same thing twice: it changes nothing there, or it knows the call by a stable key. */
  repeatable: boolean
  /** Of the time that all tries have together. */
  leftMs: number
  /** The calendar's now, for a `Retry-After` that names a date. */
  date: number
  random: number
}

const ATTEMPTS = 3
const FIRST_DELAY_MS = 250
/** A provider that wants more time than this is asked again by whoever called, not by us. */
const LONGEST_DELAY_MS = 5_000
/** What is left after the wait must be worth a try. */
const WORTH_MS = 500
/** Another try would end the same way, or nobody waits for it. */
const POINTLESS = new Set([
  'cancelled',
  'total_timeout',
  'breaker_open',
  'rate_limit',
  'too_large',
  'encoding',
])

/**
 * Milliseconds until the next try; null: none. A failure without effect may be repeated, whatever the call; everything else
 * only where the call is repeatable, and 429 always, since it says that nothing was done. `Retry-After` only lengthens.
 */
export function nextDelay(tried: Tried): number | null {
  const { attempt, outcome, leftMs } = tried
  if (attempt >= ATTEMPTS || !mayRepeat(tried)) return null
  // Between half of the step and all of it: those who failed together do not come again together.
  const step = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + tried.random / 2)
  const asked = outcome instanceof EgressFailure ? 0 : retryAfterMs(outcome.headers, tried.date)
  const delay = Math.round(Math.max(step, asked > 0 ? asked + step / 5 : 0))
  return delay > LONGEST_DELAY_MS || delay + WORTH_MS > leftMs ? null : delay
}

function mayRepeat({ outcome, repeatable }: Tried): boolean {
  if (outcome instanceof EgressFailure) {
    const { retry, effect, reason } = outcome
    if (POINTLESS.has(reason) || (retry !== 'same' && retry !== 'other')) return false
    return effect === 'none' || repeatable
  }
  const { status } = outcome
  if (status === 429) return true
  const passing = status === 408 || status === 425 || (status >= 500 && status !== 501 && status !== 505)
  return repeatable && passing
}

/** Of `Retry-After`: seconds or a date; 0 where it says nothing that can be read. */
export function retryAfterMs(headers: HeadersOf, date: number): number {
  const text = [headers['retry-after'] ?? ''].flat()[0]?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const at = /^[A-Za-z]{3}, /.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? 0 : Math.max(0, at - date)
}
