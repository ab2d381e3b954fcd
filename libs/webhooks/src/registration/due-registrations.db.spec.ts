import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Known } from '@app/connections'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { DueRegistrations } from './due-registrations.ts'

const FIRST = '00000000-0000-0000-0000-000000000000'
let fresh: FreshDatabase
let database: Database
let due: DueRegistrations
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  due = new DueRegistrations(database)
  await database.query(
    "WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id) INSERT INTO project_settings (project_id) SELECT id FROM p",
  )
})
beforeEach(() => database.query('DELETE FROM integration_connections'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const make = (count: number, { ago = '0', status = 'connected', provider = 'github' } = {}) =>
  database.query(
    `INSERT INTO integration_connections (project_id, provider, status, credentials, webhook_url, created_at)
     SELECT p.id, $2, $3::integration_connection_status, '{"v": 1}', 'https://wasl.example/webhooks/github/k', now() - $4::interval
     FROM projects p, generate_series(1, $1::int)`,
    [count, provider, status, ago],
  )
const take = (all = false, most = 10_000): Promise<Known[]> => due.take(FIRST, ['github'], { all, most })

test('over three hours about half of them have their turn, over six all, each once', async () => {
  await make(1_000, { ago: '3 hours' })
  const half = (await take()).length
  expect(half).toBeGreaterThan(400)
  expect(half).toBeLessThan(600)
  expect(await take()).toEqual([])
  await database.query("UPDATE webhook_registrations SET tried_at = now() - interval '6 hours'")
  await database.query("UPDATE integration_connections SET created_at = now() - interval '6 hours'")
  expect(await take()).toHaveLength(1_000)
  expect(await take()).toEqual([])
})

test('by hand: every one, page by page in the order of ids', async () => {
  await make(25)
  const seen: string[] = []
  for (let after = FIRST; ; after = seen.at(-1) ?? after) {
    const page = await due.take(after, ['github'], { all: true, most: 7 })
    if (page.length === 0) break
    seen.push(...page.map(({ id }) => id))
  }
  expect(new Set(seen).size).toBe(25)
  expect(seen).toEqual([...seen].sort())
})

test('only those that can be asked: connected, with credentials and an address, of such a provider and a project', async () => {
  for (const status of ['pending', 'failed', 'expired', 'disconnected', 'suspended'])
    await make(1, { status })
  await make(1, { provider: 'tap_payments' })
  expect(await take(true)).toEqual([])
  await make(2, { status: 'refreshing' })
  expect(await take(true)).toHaveLength(2)
  for (const column of ['credentials', 'webhook_url']) {
    await database.query('DELETE FROM integration_connections')
    await make(1)
    await database.query(`UPDATE integration_connections SET ${column} = NULL`)
    expect(await take(true)).toEqual([])
  }
  await make(1)
  await database.query('UPDATE project_settings SET deleted_at = now()')
  expect(await take(true)).toEqual([])
})
