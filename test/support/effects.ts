import { eventually } from './child.ts'
import { sql } from './database.ts'

/** What has become of all events, and what they did. */
export interface Effects extends Record<string, unknown> {
  events: number
  completed: number
  dead: number
  /** Events of ours that deliveries led to, and how many deliveries those were. */
  outgoing: number
  origins: number
  /** The most attempts that one took. */
  attempts: number
  /** Attempts that were lost with their worker. */
  lost: number
  /** Attempts that failed in another way. */
  failed: number
  /** What the metrics say that was processed. */
  counted: number
}

export async function effects(url: string): Promise<Effects> {
  const [row] = await sql<Effects>(
    url,
    `SELECT e.*, o.*, a.*, m.* FROM
       (SELECT count(*)::int AS events, count(*) FILTER (WHERE status = 'completed')::int AS completed,
          count(*) FILTER (WHERE status = 'dead_letter')::int AS dead, coalesce(max(retry_count), 0)::int AS attempts
        FROM integration_events) e,
       (SELECT count(*)::int AS outgoing, count(DISTINCT event_id)::int AS origins FROM outgoing_events
        WHERE event_id IS NOT NULL) o,
       (SELECT count(*) FILTER (WHERE code = 'worker_lost')::int AS lost,
          count(*) FILTER (WHERE kind = 'failed' AND code <> 'worker_lost')::int AS failed FROM event_attempts) a,
       (SELECT coalesce(sum(webhooks_processed), 0)::int AS counted FROM integration_metrics_hourly) m`,
  )
  if (!row) throw new Error('no answer')
  return row
}

/** Waits until every event has ended; then how it is, and how long it took. */
export async function settled(url: string, withinMs: number): Promise<Effects & { ms: number }> {
  const left = async (): Promise<number> => {
    const [row] = await sql<{ n: number }>(
      url,
      "SELECT count(*)::int AS n FROM integration_events WHERE status NOT IN ('completed', 'dead_letter')",
    )
    return row?.n ?? -1
  }
  const { ms } = await eventually(left, (n) => n === 0, withinMs)
  return { ...(await effects(url)), ms: Math.round(ms) }
}
