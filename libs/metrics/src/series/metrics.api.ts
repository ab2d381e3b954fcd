import { shownTime } from '@app/http'
import { z } from 'zod'
import { COUNTERS } from '../counting/series.ts'
import type { Sums } from './hourly-metrics.ts'
import { percentile } from './percentile.ts'

const instant = z.iso.datetime({ offset: true })

export const metricsQuery = z.strictObject({
  from: instant.optional(),
  to: instant.optional(),
  provider: z.string().max(60).optional(),
  connection_id: z.uuid().optional(),
  interval: z.enum(['hour', 'day']).default('hour'),
})
export type MetricsQuery = z.infer<typeof metricsQuery>

const nullable = z.number().nullable()
const shownSums = z.strictObject({
  ...(Object.fromEntries(COUNTERS.map((name) => [name, z.int()])) as Record<string, z.ZodInt>),
  error_rate: nullable,
  response_time_ms: z.strictObject({
    count: z.int(),
    average: nullable,
    p50: nullable,
    p95: nullable,
    p99: nullable,
  }),
})
export const shownSeries = z.strictObject({
  interval: z.enum(['hour', 'day']),
  from: shownTime,
  to: shownTime,
  data: z.array(shownSums.extend({ at: shownTime })),
  totals: shownSums,
  next_cursor: z.null(),
})

/** Counts as they are; the error rate is null where nothing was called, and times where nothing was measured. */
export function presentSums(sums: Sums): Record<string, unknown> {
  const { api_calls_total: total, api_calls_failed: failed, response_time_buckets: buckets } = sums
  const { response_time_count: count, response_time_sum_ms: milliseconds } = sums
  return {
    ...Object.fromEntries(COUNTERS.map((name) => [name, sums[name]])),
    error_rate: total === 0 ? null : Math.round((failed / total) * 1e6) / 1e6,
    response_time_ms: {
      count,
      average: count === 0 ? null : Math.round((milliseconds / count) * 100) / 100,
      p50: percentile(buckets, 0.5),
      p95: percentile(buckets, 0.95),
      p99: percentile(buckets, 0.99),
    },
  }
}
