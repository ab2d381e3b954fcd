import type { Sql } from '@app/database'
import type { KeptEvent } from '../event/kept-event.ts'
import { searchStatement } from './search-statement.ts'
import type { Sought } from './sought.ts'
import { firstTimeless } from './time-of-ids.ts'

/** What a list shows of an event. */
const SHOWN = [
  'id',
  'connection_id',
  'provider',
  'environment',
  'event_type',
  'event_id',
  'status',
  'trust',
  'retry_count',
  'body_size',
  'event_hash',
  'body_expires_at',
  'headers',
  'data',
  'source_ip',
  'user_agent',
  'error_message',
  'created_at',
  'processed_at',
] as const
export type ListedEvent = Pick<KeptEvent, (typeof SHOWN)[number]>

/**
 * Leaves of all plans the one that is meant, for this transaction: one index, in its order. What the planner takes for
 * few rows, by yesterday's statistics, it would rather read whole and sort.
 */
export const AS_MEANT = `SELECT set_config(name, setting, true) FROM (VALUES ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'),
  ('enable_sort', 'off'), ('enable_incremental_sort', 'off'), ('max_parallel_workers_per_gather', '0'), ('jit', 'off'))
  AS s (name, setting)`

/** The newest `most` events that are all of what is sought. To be asked in a transaction of its tenant's. */
export async function searchEvents({ query }: Sql, sought: Sought, most: number): Promise<ListedEvent[]> {
  await query(AS_MEANT)
  const statement = searchStatement(sought, SHOWN, most, await hasTimeless({ query }, sought))
  if (!statement) return []
  const { rows } = await query<ListedEvent & Record<string, unknown>>(statement)
  return rows
}

/** Rows of an older schema matter where times are asked for: then they are looked through as well. */
async function hasTimeless({ query }: Sql, { projectId, from, to }: Sought): Promise<boolean> {
  if (!from && !to) return false
  const { rows } = await query<{ there: boolean }>(
    'SELECT EXISTS (SELECT FROM integration_events WHERE project_id = $1 AND id >= $2) AS there',
    [projectId, firstTimeless()],
  )
  return rows[0]?.there ?? false
}
