/** The least UUIDv7 that can have been made in a millisecond; before it lie all of earlier ones. */
export function leastIdOf(atMs: number): string {
  const time = Math.min(Math.max(0, Math.floor(atMs)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}

export const LEAST_ID = '00000000-0000-0000-0000-000000000000'
export const GREATEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Ids from `least` on, before `end`. */
export interface IdRange {
  least: string
  end: string
}

// An id is made when a delivery arrives, its row is written within the five seconds in which that is answered, and the
// clocks of a replica and of the database may differ by a little.
const WRITTEN_WITHIN_MS = 5_000
const CLOCKS_DIFFER_MS = 10_000
const DAY_MS = 86_400_000

interface Times {
  from?: Date | undefined
  to?: Date | undefined
  /** The row of the cursor: what is sought lies before it. */
  before: string | null
}

/**
 * Where the ids of rows lie that were created from `from` on and before `to`. Wider than the times by a few seconds: those
 * are compared as well. `withTimeless`: there are rows of an older schema, whose random ids tell no time.
 */
export function idRanges({ from, to, before }: Times, withTimeless: boolean, nowMs = Date.now()): IdRange[] {
  const timeless = { least: firstTimeless(nowMs), end: GREATEST_ID }
  const least = from ? leastIdOf(from.getTime() - WRITTEN_WITHIN_MS - CLOCKS_DIFFER_MS) : LEAST_ID
  const end = to ? leastIdOf(to.getTime() + CLOCKS_DIFFER_MS) : GREATEST_ID
  const ranges =
    end > timeless.least
      ? [{ least, end: GREATEST_ID }]
      : [{ least, end }, ...(withTimeless ? [timeless] : [])]
  return ranges
    .map((range) => (before !== null && before < range.end ? { ...range, end: before } : range))
    .filter((range) => range.least < range.end)
}

/** Beyond what a clock of today can make lie all but a few random ids. */
export function firstTimeless(nowMs = Date.now()): string {
  return leastIdOf(nowMs + DAY_MS)
}
