import type { Sql } from '@app/database'
import { newId } from '@app/http'
import type { ReplayFilter } from './replay.api.ts'

/** How many rows of the project one look passes, so that a filter that matches nothing never scans for long. */
const WINDOW = 20_000
const NOWHERE = '00000000-0000-0000-0000-000000000000'

/** What can be processed again: everything that is not going to be processed anyway. */
const FINISHED = "('completed', 'dead_letter', 'failed', 'retrying')"

export interface Walk {
  projectId: string
  environment: string | null
  filter: ReplayFilter
  /** Behind this id, up to and with that one. */
  after: string
  until: string
}

/** A part of the walk: the matching ids in it, and where it ended. */
export interface Stretch {
  ids: string[]
  /** Everything up to here was looked at. */
  reached: string
  ended: boolean
}

/**
 * The next at most `most` events that a filter names, from the oldest on. By hand: it goes along the index of the
 * project's events in windows, so that each statement is short whatever the filter is.
 */
export async function nextStretch({ query }: Sql, walk: Walk, most: number): Promise<Stretch> {
  const { rows: ends } = await query<{ id: string }>(
    `SELECT id FROM integration_events WHERE project_id = $1 AND id > $2 AND id <= $3 ORDER BY id OFFSET $4 LIMIT 1`,
    [walk.projectId, walk.after, walk.until, WINDOW - 1],
  )
  const end = ends[0]?.id ?? walk.until
  const { rows } = await query<{ id: string }>(
    `SELECT e.id FROM integration_events e
     WHERE e.project_id = $1 AND e.id > $2 AND e.id <= $3 AND e.status IN ${FINISHED} AND ${CONDITION}
     ORDER BY e.id LIMIT $12`,
    [walk.projectId, walk.after, end, ...conditionsOf(walk), most],
  )
  const ids = rows.map(({ id }) => id)
  const isFull = ids.length === most
  const reached = isFull ? (ids.at(-1) ?? end) : end
  return { ids, reached, ended: !isFull && ends.length === 0 }
}

/** How many it names; `atLeast` where counting was given up at `deadline` (of `performance.now()`). */
export async function countMatches(
  unit: Sql,
  walk: Walk,
  deadline: number,
): Promise<{ matched: number; atLeast: boolean }> {
  let matched = 0
  let after = walk.after
  for (;;) {
    const { ids, reached, ended } = await nextStretch(unit, { ...walk, after }, WINDOW)
    matched += ids.length
    if (ended) return { matched, atLeast: false }
    if (performance.now() > deadline) return { matched, atLeast: true }
    after = reached
  }
}

/** Makes them due again, as new, and notes it with each; answers how many there were. By hand: one atomic statement. */
export async function moveAgain({ query }: Sql, ids: readonly string[], replayId: string): Promise<number> {
  const { rows } = await query<{ moved: number }>(
    `WITH moved AS (
       UPDATE integration_events SET status = 'pending', retry_count = 0, next_retry_at = now(), replay_id = $2,
         error_message = NULL, error_details = NULL
       WHERE id = ANY ($1::uuid[]) AND status IN ${FINISHED} RETURNING id, project_id
     ), noted AS (
       INSERT INTO event_attempts (id, event_id, project_id, kind, attempt, replay_id)
       SELECT n.note_id, moved.id, moved.project_id, 'replayed', 0, $2 FROM moved
       JOIN unnest($1::uuid[], $3::uuid[]) AS n (id, note_id) USING (id)
     ) SELECT count(*)::int AS moved FROM moved`,
    [ids, replayId, ids.map(() => newId())],
  )
  return rows[0]?.moved ?? 0
}

const CONDITION = `
  ($4::text IS NULL OR e.environment::text = $4) AND ($5::uuid IS NULL OR e.connection_id = $5)
  AND ($6::text IS NULL OR e.provider::text = $6) AND ($7::text IS NULL OR e.status::text = $7)
  AND ($8::timestamptz IS NULL OR e.created_at >= $8) AND ($9::timestamptz IS NULL OR e.created_at < $9)
  AND ($10::text IS NULL OR e.event_type = $10 OR EXISTS (SELECT FROM event_references r
    WHERE r.project_id = e.project_id AND r.reference = 'type:' || $10 AND r.event_id = e.id))
  AND ($11::text IS NULL OR e.event_id = $11 OR e.id::text = $11 OR EXISTS (SELECT FROM event_references r
    WHERE r.project_id = e.project_id AND r.reference = $11 AND r.event_id = e.id))`

function conditionsOf({ environment, filter }: Walk): (string | null)[] {
  const { connection_id, provider, status, from, to, type, q } = filter
  return [environment, connection_id, provider, status, from, to, type, q].map((value) => value ?? null)
}

/** The least id that an event received at this time can have; a minute of grace, because clocks and commits differ. */
export function firstIdAt(time: string | undefined): string {
  if (time === undefined) return NOWHERE
  const ms = Math.max(0, Date.parse(time) - 60_000)
  const hex = ms.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
