import type { Sql } from '@app/database'

/** Deliveries ended by one statement. */
export const CANCELLED_AT_ONCE = 2_000

/**
 * What waits for destinations that are deleted, or for the one of them, will not be sent any more. Answers how many; as
 * many as one statement takes: there may be more. By hand: a backlog of any size, along the index of what is due, and
 * past rows that somebody is at.
 */
export async function cancelWaiting({ query }: Sql, { of }: { of?: string } = {}): Promise<number> {
  const { rowCount } = await query(
    `UPDATE destination_deliveries w SET status = 'cancelled', next_retry_at = NULL
     FROM (SELECT waiting.id FROM destinations d, LATERAL (
             SELECT id FROM destination_deliveries
             WHERE destination_id = d.id AND status IN ('pending', 'retrying') LIMIT $1 FOR UPDATE SKIP LOCKED) waiting
           WHERE d.status = 'deleted' AND ($2::uuid IS NULL OR d.id = $2) LIMIT $1) left_over
     WHERE w.id = left_over.id`,
    [CANCELLED_AT_ONCE, of ?? null],
  )
  return rowCount ?? 0
}
