import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import type { Tasks } from '@app/jobs'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { TraceRetention } from './trace-retention.ts'

let fresh: FreshDatabase
let folder: string
let database: Database
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wasl-traces-'))
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true })
})

/** Of each day for ninety days: 60 references, an attempt and a replay. */
async function project(own: string | null): Promise<string> {
  const [row] = await database.query<{ id: string }>("INSERT INTO projects (name) VALUES ('p') RETURNING id")
  const id = row?.id ?? ''
  if (own !== null)
    await database.query('INSERT INTO project_settings (project_id, retention) VALUES ($1, $2)', [
      id,
      { events: own },
    ])
  const days = `generate_series(0, 89) n, LATERAL (SELECT now() - make_interval(days => n, hours => 1) AS at) d,
    LATERAL (SELECT (lpad(to_hex((extract(epoch FROM d.at) * 1000)::bigint), 12, '0') || '70008000' ||
      lpad(to_hex(n), 12, '0'))::uuid AS id) made`
  await database.query(
    `INSERT INTO event_references (project_id, reference, connection_id, event_id)
     SELECT $1::uuid, 'ref ' || r, $1::uuid, made.id FROM ${days}, generate_series(1, 60) r`,
    [id],
  )
  await database.query(
    `INSERT INTO event_attempts (id, event_id, project_id, kind, attempt, at) SELECT made.id, made.id, $1, 'failed', 1, d.at FROM ${days}`,
    [id],
  )
  await database.query(
    `INSERT INTO event_replays (id, project_id, requested_by, until_event_id, status, created_at)
     SELECT made.id, $1, 'admin', made.id, CASE WHEN n = 89 THEN 'running' ELSE 'done' END, d.at FROM ${days}`,
    [id],
  )
  return id
}
const left = async (id: string): Promise<number[]> => {
  const counts: number[] = []
  for (const table of ['event_references', 'event_attempts', 'event_replays']) {
    const [row] = await database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${table} WHERE project_id = $1`,
      [id],
    )
    counts.push(row?.n ?? -1)
  }
  return counts
}

test('they go with their events, sooner where a project is stricter; a replay that runs stays', async () => {
  const settings = Settings.read({ DATA_DIR: folder, RETENTION_EVENTS: 'P60D' })
  const retention = new TraceRetention(undefined as unknown as Tasks, database, settings)
  const usual = await project(null)
  expect(await retention.removeOld(new AbortController().signal)).toEqual({
    references: 30 * 60,
    attempts: 30,
    replays: 29,
  })
  expect(await left(usual)).toEqual([60 * 60, 60, 61])
  await database.query('DELETE FROM projects')

  const strict = await project('P10D')
  await retention.removeOld(new AbortController().signal)
  expect(await left(strict)).toEqual([10 * 60, 10, 11])
})
