import { Injectable } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database } from '@app/database'

const WRITERS_KEPT = '7 days'
const BATCH = 5_000

/** Hours go when their time is over: RETENTION_METRICS, or sooner where a project wishes so. */
@Injectable()
export class MetricRetention {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  async removeOld(signal: AbortSignal, now = new Date()): Promise<number> {
    const seconds = this.settings.get('RETENTION_METRICS')
    let removed = await this.#removeWhere('hour < $1', [before(now, seconds)], signal)
    for (const { id, wish } of await this.#stricterConnections()) {
      const own = durationSeconds(wish)
      if (own >= seconds) continue
      removed += await this.#removeWhere('hour < $1 AND connection_id = $2', [before(now, own), id], signal)
    }
    await this.#forgetWriters()
    return removed
  }

  /** In short transactions, so that nobody who counts meanwhile waits long. Not by id: hours tell the age, ids do not. */
  async #removeWhere(condition: string, values: readonly unknown[], signal: AbortSignal): Promise<number> {
    let removed = 0
    for (let batch = BATCH; batch === BATCH && !signal.aborted; removed += batch) {
      const [done] = await this.database.query<{ n: number }>(
        `WITH gone AS (
           DELETE FROM integration_metrics_hourly WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM integration_metrics_hourly WHERE ${condition} ORDER BY hour LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))
           RETURNING 1)
         SELECT count(*)::int AS n FROM gone`,
        values,
      )
      batch = done?.n ?? 0
    }
    return removed
  }

  /** Processes that have long ended: nothing of theirs will be sent again. */
  async #forgetWriters(): Promise<void> {
    await this.database.query(
      `DELETE FROM metric_writers WHERE id IN (
         SELECT id FROM metric_writers WHERE flushed_at < now() - interval '${WRITERS_KEPT}' LIMIT 5000)`,
    )
  }

  /** One by one, because their hours are found by connection. */
  #stricterConnections(): Promise<{ id: string; wish: string }[]> {
    return this.database.query(
      `SELECT c.id, s.retention ->> 'metrics' AS wish FROM project_settings s
       JOIN integration_connections c USING (project_id) WHERE s.retention ->> 'metrics' IS NOT NULL`,
    )
  }
}

function before(now: Date, seconds: number): Date {
  return new Date(now.getTime() - seconds * 1_000)
}
