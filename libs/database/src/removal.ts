import { setTimeout } from 'node:timers/promises'
import type { Database } from './database.ts'

const BATCH = 5_000
const LONGEST_PAUSE_MS = 200

/** SQL of ours: which rows go, and the indexed column along which they are found. */
export interface Removal {
  table: string
  key: string
  keyType: 'uuid' | 'timestamptz'
  /** Over `$1 …`. */
  condition: string
}

/**
 * Removes rows, 5,000 a transaction at most, resting for as long as each took: whoever writes meanwhile never waits for
 * long. Each batch goes on where the one before it ended, past what was removed and is not cleaned away yet.
 */
export async function removeInBatches(
  database: Pick<Database, 'query'>,
  { table, key, keyType, condition }: Removal,
  values: readonly unknown[],
): Promise<number> {
  const after = `$${values.length + 1}::${keyType}`
  const text = `
    WITH due AS MATERIALIZED (
      SELECT ctid AS place, ${key} AS key FROM ${table}
      WHERE (${condition}) AND ${key} >= coalesce(${after}, ${LEAST[keyType]}) ORDER BY ${key} LIMIT ${BATCH}
    ), gone AS (DELETE FROM ${table} t USING due WHERE t.ctid = due.place RETURNING 1)
    SELECT (SELECT count(*)::int FROM gone) AS n, (SELECT key::text FROM due ORDER BY key DESC LIMIT 1) AS last`
  let removed = 0
  let last: string | null = null
  for (;;) {
    const started = performance.now()
    const [batch]: { n: number; last: string | null }[] = await database.query(text, [...values, last])
    if (!batch || batch.n === 0) return removed
    removed += batch.n
    last = batch.last
    await setTimeout(Math.min(performance.now() - started, LONGEST_PAUSE_MS))
  }
}

const LEAST = { uuid: "'00000000-0000-0000-0000-000000000000'", timestamptz: "'-infinity'" }
