import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import type { Tasks } from '@app/jobs'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { EventRetention } from './event-retention.ts'

let fresh: FreshDatabase
let folder: string
let database: Database
let retention: EventRetention
const never = new AbortController().signal
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wasl-retention-'))
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  retention = new EventRetention(
    undefined as unknown as Tasks,
    database,
    Settings.read({ DATA_DIR: folder, RETENTION_EVENTS: 'P60D' }),
  )
})
beforeEach(() => database.query('DELETE FROM projects'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true })
})

/** A project with one event a day for ninety days. */
async function project(own: string | null = null): Promise<string> {
  const [row] = await database.query<{ id: string }>("INSERT INTO projects (name) VALUES ('p') RETURNING id")
  const id = row?.id ?? ''
  if (own !== null) {
    await database.query('INSERT INTO project_settings (project_id, retention) VALUES ($1, $2)', [
      id,
      { events: own },
    ])
  }
  await database.query(
    `WITH c AS (INSERT INTO integration_connections (project_id, provider) VALUES ($1, 'github') RETURNING *)
     INSERT INTO integration_events (id, connection_id, project_id, provider, event_id, event_hash, status, data, headers,
       source_ip, user_agent, signature, error_message, created_at)
     SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000' ||
         lpad((random() * 999999)::int::text, 6, '0'))::uuid,
       id, project_id, provider, 'event ' || n, repeat('a', 64), 'completed', '{"who": "Noura"}', '{"accept": "x"}',
       '192.0.2.1', 'Noura’s phone', 'sig', 'oops', at
     FROM c, generate_series(0, 89) n, LATERAL (SELECT now() - make_interval(days => n, hours => 1) AS at) made`,
    [id],
  )
  return id
}
const countOf = async (id: string, only = 'true'): Promise<number> => {
  const [row] = await database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM integration_events WHERE project_id = $1 AND ${only}`,
    [id],
  )
  return row?.n ?? -1
}

test('sixty days, and for a stricter project as many as it says', async () => {
  const usual = await project()
  const stricter = await project('P40D')
  expect(await retention.removeOld(never)).toEqual({ removed: 30 + 50, emptied: 0 })
  expect([await countOf(usual), await countOf(stricter)]).toEqual([60, 40])
  expect(await retention.removeOld(never)).toEqual({ removed: 0, emptied: 0 })
})

test('a project of seven days: what came is gone after seven, what tells a duplicate after thirty', async () => {
  const id = await project('P7D')
  expect(await retention.removeOld(never)).toEqual({ removed: 60, emptied: 23 })
  expect(await countOf(id)).toBe(30)
  const full = "data IS NOT NULL AND headers <> '{}' AND source_ip IS NOT NULL AND signature IS NOT NULL"
  const empty =
    "data IS NULL AND headers = '{}' AND num_nonnulls(source_ip, user_agent, signature, error_message, error_details) = 0"
  expect([await countOf(id, full), await countOf(id, empty)]).toEqual([7, 23])
  // The delivery of twenty days ago comes again.
  const again = await database.query(
    `INSERT INTO integration_events (connection_id, project_id, provider, event_id)
     SELECT connection_id, project_id, provider, 'event 20' FROM integration_events LIMIT 1
     ON CONFLICT DO NOTHING RETURNING id`,
  )
  expect(again).toEqual([])
  expect(await retention.removeOld(never)).toEqual({ removed: 0, emptied: 0 })
})

test('what is under work stays, and what has a body stays as long as it', async () => {
  const id = await project()
  await database.query("UPDATE integration_events SET status = 'processing' WHERE event_id = 'event 80'")
  await database.query(
    "UPDATE integration_events SET body_expires_at = now() + interval '1 day' WHERE event_id = 'event 81'",
  )
  await database.query(
    "UPDATE integration_events SET body_expires_at = now() - interval '1 day' WHERE event_id = 'event 82'",
  )
  await retention.removeOld(never)
  expect(await countOf(id)).toBe(62)
  expect(await countOf(id, "event_id IN ('event 80', 'event 81')")).toBe(2)
})
