import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { boundary } from '../log/time-of-ids.ts'
import { ApiLogRetention } from './api-log-retention.ts'

const DAY_MS = 86_400_000
const folder = mkdtempSync(join(tmpdir(), 'wasl-log-retention-'))
let fresh: FreshDatabase
let database: Database
let retention: ApiLogRetention

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  retention = new ApiLogRetention(database, Settings.read({ DATA_DIR: folder, RETENTION_API_LOGS: 'P14D' }))
})
afterEach(() => ask('TRUNCATE integration_api_logs'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true, force: true })
})

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(fresh.url, text, values)

/** Rows of one age; ids as we make them, or drawn by lot as older schemas did. */
async function rows(count: number, days: number, rest: { project?: string; drawn?: boolean } = {}) {
  const at = new Date(Date.now() - days * DAY_MS)
  await ask(
    `INSERT INTO integration_api_logs (id, project_id, provider, method, endpoint, created_at)
     SELECT CASE WHEN $4 THEN gen_random_uuid()
            ELSE (left($1, 14) || '7' || lpad(to_hex(n % 4096), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid END,
       $3, 'tabby', 'GET', $5, $2 FROM generate_series(1, ${count}) n`,
    [boundary(at.getTime(), 'least'), at, rest.project ?? null, rest.drawn ?? false, `${days} days`],
  )
}
const left = async () =>
  Object.fromEntries(
    (await ask('SELECT endpoint, count(*)::int AS n FROM integration_api_logs GROUP BY 1')).map((row) => [
      row.endpoint,
      row.n,
    ]),
  )

test('what is older than the platform keeps goes, whatever its id looks like; the rest stays', async () => {
  await rows(20, 15)
  await rows(20, 13)
  await rows(200, 16, { drawn: true })
  await rows(200, 12, { drawn: true })
  expect(await retention.removeOld(new AbortController().signal)).toBe(220)
  expect(await left()).toEqual({ '13 days': 20, '12 days': 200 })
  expect(await retention.removeOld(new AbortController().signal)).toBe(0)
})

test('a project may be stricter, and never laxer', async () => {
  const project = async (wish: string): Promise<string> => {
    const [row] = await ask(
      "WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id) INSERT INTO project_settings (project_id, retention) SELECT id, $1 FROM p RETURNING project_id",
      [{ api_logs: wish }],
    )
    return row?.project_id
  }
  await rows(3, 2, { project: await project('P1D') })
  await rows(3, 20, { project: await project('P30D') })
  await rows(3, 3)
  expect(await retention.removeOld(new AbortController().signal)).toBe(6)
  expect(await left()).toEqual({ '3 days': 3 })
})

test('100,000 rows go in short transactions, and nobody who writes meanwhile waits for them', async () => {
  await rows(100_000, 20)
  let longest = 0
  let removing = true
  const removed = retention.removeOld(new AbortController().signal).finally(() => {
    removing = false
  })
  while (removing) {
    const sent = performance.now()
    await database.query(
      "INSERT INTO integration_api_logs (id, provider, method, endpoint) VALUES ($1, 'tabby', 'GET', 'new')",
      [
        boundary(Date.now(), 'greatest').slice(0, -12) +
          Math.random().toString(16).slice(2, 14).padEnd(12, '0'),
      ],
    )
    longest = Math.max(longest, performance.now() - sent)
  }
  expect(await removed).toBe(100_000)
  expect(Object.keys(await left())).toEqual(['new'])
  expect(longest).toBeLessThan(1_000)
})
