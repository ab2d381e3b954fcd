import { Injectable } from '@nestjs/common'
import { Database, isKnownProject } from '@app/database'
import { type Caller, NotFound } from '@app/http'
import { BUCKETS } from '../counting/histogram.ts'
import { type Counter, COUNTERS } from '../counting/series.ts'
import type { MetricsQuery } from './metrics.api.ts'
import type { SpanOfTime } from './span-of-time.ts'

/** What happened in some time, over all connections that were asked for. */
export type Sums = Record<Counter, number> & {
  response_time_count: number
  response_time_sum_ms: number
  response_time_buckets: number[]
}

export interface SumsAt {
  at: Date
  sums: Sums
}

const NUMBERS = [...COUNTERS, 'response_time_count', 'response_time_sum_ms'] as const

/**
 * Sums over hours of a project's connections. Rows without a connection are nobody's here: they tell of a provider as
 * the whole platform saw it.
 */
@Injectable()
export class HourlyMetrics {
  constructor(private readonly database: Database) {}

  /** One an interval, also where nothing happened. */
  async series(
    caller: Caller,
    projectId: string,
    { interval, from, to, intervals }: SpanOfTime,
    { provider, connection_id }: Pick<MetricsQuery, 'provider' | 'connection_id'>,
  ): Promise<SumsAt[]> {
    const tenant = { projectId, environment: caller.environment }
    const rows = await this.database.asProject(tenant, async (unit) => {
      if (!(await isKnownProject(unit, projectId))) throw NotFound()
      // By hand: a sum, and the connections are another room's.
      const found = await unit.query<Record<string, unknown> & { at: Date }>(SERIES, [
        interval,
        from,
        to,
        projectId,
        caller.environment,
        provider ?? null,
        connection_id ?? null,
      ])
      return found.rows
    })
    const byTime = new Map(rows.map((row) => [row.at.getTime(), sumsOf(row)]))
    return intervals.map((at) => ({ at, sums: byTime.get(at.getTime()) ?? sumsOf({}) }))
  }
}

export function total(parts: readonly Sums[]): Sums {
  const all = sumsOf({})
  for (const part of parts) {
    for (const name of NUMBERS) all[name] += part[name]
    part.response_time_buckets.forEach((n, index) => {
      all.response_time_buckets[index] = (all.response_time_buckets[index] ?? 0) + n
    })
  }
  return all
}

/** Sums arrive as text, because they may be larger than a double holds exactly; what is shown may not. */
function sumsOf(row: Record<string, unknown>): Sums {
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Number(row[name] ?? 0)]))
  const buckets = Array.from({ length: BUCKETS }, (_, index) => Number(row[`bucket_${index + 1}`] ?? 0))
  return { ...numbers, response_time_buckets: buckets } as Sums
}

const SERIES = `
  SELECT date_trunc($1, m.hour, 'UTC') AS at,
    ${NUMBERS.map((name) => `sum(m.${name}) AS ${name}`).join(', ')},
    ${Array.from({ length: BUCKETS }, (_, n) => `sum(m.response_time_buckets[${n + 1}]) AS bucket_${n + 1}`).join(', ')}
  FROM integration_connections c
  JOIN integration_metrics_hourly m ON m.connection_id = c.id AND m.hour >= $2 AND m.hour < $3
  WHERE c.project_id = $4 AND ($5::integration_environment IS NULL OR c.environment = $5)
    AND ($6::text IS NULL OR c.provider::text = $6) AND ($7::uuid IS NULL OR c.id = $7)
  GROUP BY 1`
