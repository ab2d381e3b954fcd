import { BOUNDS } from '../counting/histogram.ts'

/**
 * The value below which `share` of the observations lie, out of their buckets: linear between the bounds of the bucket in
 * which it falls, as if its observations lay there evenly. In the last bucket, which has no upper bound, it is the lower
 * one: 30,000 means "at least". null without observations.
 */
export function percentile(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, n) => sum + n, 0)
  if (total === 0) return null
  const rank = share * total
  let below = 0
  for (const [index, n] of buckets.entries()) {
    if (n > 0 && below + n >= rank) return within(index, Math.max(rank - below, 0) / n)
    below += n
  }
  return BOUNDS.at(-1) ?? null
}

function within(bucket: number, part: number): number {
  const from = BOUNDS[bucket - 1] ?? 0
  const to = BOUNDS[bucket] ?? from
  return Math.round((from + (to - from) * part) * 100) / 100
}
