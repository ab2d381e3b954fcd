import type { Database } from '@app/database'

/** What has outlived its retention, in one table to whose rows the platform gives UUIDv7 ids. */
export interface OldRows {
  table: string
  /** The column that tells when a row was made. */
  at: string
  olderThanSeconds: number
  /** Only rows of this project. */
  projectId?: string
  /** What else must hold, as SQL. */
  only?: string
  /** What is done to them instead of deletion: assignments, as SQL. */
  instead?: string
}

interface Range {
  after: string
  before: string
}

const BATCH = 2_000

/**
 * Removes them in short transactions of one statement each, so that nobody waits long, and begins no other once told to
 * stop. Ids are walked in their order, which is that of time. Rows of older schemas have random ids: most lie beyond
 * what a clock of today can make, and are walked after.
 */
export async function removeOldRows(database: Database, rows: OldRows, signal: AbortSignal): Promise<number> {
  const [moments] = await database.query<{ cutoff: Date; tomorrow: Date }>(
    `SELECT now() - make_interval(secs => $1) AS cutoff, now() + interval '1 day' AS tomorrow`,
    [rows.olderThanSeconds],
  )
  if (!moments) return 0
  const { cutoff, tomorrow } = moments
  const ranges: Range[] = [
    { after: '00000000-0000-0000-0000-000000000000', before: leastIdOf(cutoff) },
    { after: leastIdOf(tomorrow), before: 'ffffffff-ffff-ffff-ffff-ffffffffffff' },
  ]
  let total = 0
  for (const range of ranges) total += await walk(database, rows, cutoff, range, signal)
  return total
}

async function walk(
  database: Database,
  { table, at, projectId, only = 'true', instead }: OldRows,
  cutoff: Date,
  { after, before }: Range,
  signal: AbortSignal,
): Promise<number> {
  const owner = projectId === undefined ? '' : 'AND project_id = $4'
  const deed = instead === undefined ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${instead}`
  // By their places, which the same statement holds: whatever the statistics say, no other plan is as good.
  const text = `
    WITH old AS MATERIALIZED (
      SELECT id, ctid AS place FROM ${table}
      WHERE id > $1 AND id < $2 AND ${at} < $3 ${owner} AND (${only})
      ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED),
    done AS (${deed} WHERE ctid = ANY (ARRAY(SELECT place FROM old)) RETURNING 1)
    SELECT (SELECT count(*)::int FROM done) AS n, (SELECT id FROM old ORDER BY id DESC LIMIT 1) AS last`
  let total = 0
  while (!signal.aborted) {
    const [batch] = await database.query<{ n: number; last: string | null }>(text, [
      after,
      before,
      cutoff,
      ...(projectId === undefined ? [] : [projectId]),
    ])
    if (!batch?.last) break
    total += batch.n
    after = batch.last
  }
  return total
}

/** The least UUIDv7 of a moment. */
function leastIdOf(at: Date): string {
  const time = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}
