/** Upper bounds in milliseconds, as `integration_metric_bounds()` has them; one more bucket takes the rest. */
export const BOUNDS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000,
] as const
export const BUCKETS = BOUNDS.length + 1

/** In which bucket a whole number of milliseconds lies. */
export function bucketOf(ms: number): number {
  let bucket = 0
  while (bucket < BOUNDS.length && ms > (BOUNDS[bucket] ?? Infinity)) bucket++
  return bucket
}
