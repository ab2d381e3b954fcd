import { InvalidQuery } from '@app/http'
import type { MetricsQuery } from './metrics.api.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LENGTH = { hour: HOUR_MS, day: DAY_MS }
/** Without `from`: so many intervals; and never more than this many. */
const USUAL = { hour: 24, day: 30 }
const MOST = { hour: 31 * 24, day: 400 }

export interface SpanOfTime {
  interval: 'hour' | 'day'
  /** The begin of the first interval, and the end of the last; UTC. */
  from: Date
  to: Date
  /** The begin of each. */
  intervals: Date[]
}

/** Whole hours or days of UTC, the ones that `from` and `to` touch. Refused where they are too many, or none. */
export function spanOf({ from, to, interval }: MetricsQuery, now = new Date()): SpanOfTime {
  const length = LENGTH[interval]
  const end = Math.ceil((to === undefined ? now.getTime() + 1 : Date.parse(to)) / length) * length
  const begin =
    from === undefined ? end - USUAL[interval] * length : Math.floor(Date.parse(from) / length) * length
  const count = (end - begin) / length
  if (count < 1) throw refused('/to', 'wrong_order', NOT_BEFORE)
  if (count > MOST[interval]) throw refused('/from', 'too_many', tooMany(interval))
  return {
    interval,
    from: new Date(begin),
    to: new Date(end),
    intervals: Array.from({ length: count }, (_, n) => new Date(begin + n * length)),
  }
}

const NOT_BEFORE = { en: '`to` must lie after `from`.', ar: 'يجب أن يكون `to` بعد `from`.' }

function tooMany(interval: 'hour' | 'day'): { en: string; ar: string } {
  return interval === 'hour'
    ? {
        en: 'At most 31 days by the hour. Ask for less, or by the day: interval=day.',
        ar: 'الحد الأقصى 31 يومًا عند العرض بالساعة. اطلب مدة أقصر، أو اعرضها باليوم: interval=day.',
      }
    : {
        en: 'At most 400 days. Ask for less.',
        ar: 'الحد الأقصى 400 يوم. اطلب مدة أقصر.',
      }
}

function refused(pointer: string, code: string, message: { en: string; ar: string }): Error {
  return InvalidQuery({ errors: [{ pointer, code, message }] })
}
