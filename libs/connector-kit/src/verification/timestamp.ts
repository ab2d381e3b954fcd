import type { Delivery } from '../delivery.ts'
import { type Position, valueAt } from './position.ts'
import { accepted, refused, type Verdict } from './verdict.ts'

/** A signed time that stands in a place of its own. Only worth declaring where the signature covers it. */
export interface Timestamp {
  at: Position
  /** Seconds or milliseconds since 1970; seconds where nothing is said. */
  unit?: 's' | 'ms'
  toleranceS?: number
}

/** security.md 6.3, both into the past and into the future. */
export const TOLERANCE_S = 300

export function checkTimestamp({ at, unit, toleranceS }: Timestamp, delivery: Delivery): Verdict {
  const found = valueAt(delivery, at)
  return 'refusal' in found ? refused(found.refusal) : checkStamp(found.value, delivery, toleranceS, unit)
}

/** Judged by the time of receipt, not by now, so that what waited in quarantine can still be verified. */
export function checkStamp(
  stamp: string,
  delivery: Delivery,
  toleranceS = TOLERANCE_S,
  unit: 's' | 'ms' = 's',
): Verdict {
  if (!/^\d{1,14}$/.test(stamp)) return refused('signature_malformed')
  return inTolerance(Number(stamp) * (unit === 's' ? 1_000 : 1), delivery, toleranceS)
    ? accepted
    : refused('timestamp_out_of_tolerance')
}

/** A time that is none (NaN) is never in tolerance. */
export function inTolerance(milliseconds: number, delivery: Delivery, toleranceS = TOLERANCE_S): boolean {
  return Math.abs(milliseconds - delivery.receivedAt.getTime()) <= toleranceS * 1_000
}

/** The stamp that a sender would write now. */
export function stampOf(delivery: Delivery, unit: 's' | 'ms' = 's'): string {
  const milliseconds = delivery.receivedAt.getTime()
  return String(unit === 's' ? Math.floor(milliseconds / 1_000) : milliseconds)
}
