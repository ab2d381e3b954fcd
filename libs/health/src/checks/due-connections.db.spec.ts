import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Known } from '@app/connections'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { DueConnections } from './due-connections.ts'

let fresh: FreshDatabase
let database: Database
let due: DueConnections
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  due = new DueConnections(database)
  await database.query("INSERT INTO projects (name) VALUES ('p')")
})
beforeEach(() => database.query('DELETE FROM integration_connections'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const make = (count: number, status = 'connected', credentials: string | null = '{"v": 1}') =>
  database.query(
    `INSERT INTO integration_connections (project_id, provider, status, credentials)
     SELECT p.id, 'github', $2::integration_connection_status, $3::jsonb FROM projects p, generate_series(1, $1::int)`,
    [count, status, credentials],
  )
const all = async (): Promise<Known[]> => {
  const taken: Known[] = []
  for (let batch = await due.take(1_000); batch !== null; batch = await due.take(1_000)) taken.push(...batch)
  return taken
}
const makeDue = (ago: string): Promise<unknown> =>
  database.query(`UPDATE integration_connections SET next_health_check = now() - interval '${ago}'`)

test('ten thousand that come together are spread over the interval, and keep their places', async () => {
  await make(10_000)
  // Only those whose places have come meanwhile.
  expect((await all()).length).toBeLessThan(1_000)
  const places = (): Promise<{ n: number; least: number; most: number }[]> =>
    database.query(
      `SELECT count(*)::int AS n, min(c)::int AS least, max(c)::int AS most FROM (
         SELECT count(*) AS c FROM integration_connections
         GROUP BY floor((extract(epoch FROM next_health_check)::numeric % 300) / 10)) tenths`,
    )
  const [spread] = await places()
  // Thirty looks an interval, each finds about a thirtieth: 333.
  expect(spread?.n).toBe(30)
  expect(spread?.least).toBeGreaterThan(230)
  expect(spread?.most).toBeLessThan(440)

  await makeDue('1 second')
  const taken = await all()
  expect(new Set(taken.map(({ id }) => id)).size).toBe(10_000)
  expect(await places()).toEqual([spread])
})

test('after a standstill longer than the interval nobody is asked at once', async () => {
  await make(50)
  await makeDue('5 minutes 1 second')
  expect(await due.take(100)).toEqual([])
  const [row] = await database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM integration_connections
     WHERE next_health_check BETWEEN now() - interval '10 seconds' AND now() + interval '5 minutes'`,
  )
  expect(row?.n).toBe(50)
})

test('four replicas at once: each connection has one turn', async () => {
  await make(1_200)
  await makeDue('10 seconds')
  const replica = async (): Promise<Known[]> => {
    const taken: Known[] = []
    for (let n = 0; n < 3; n++) taken.push(...((await due.take(100)) ?? []))
    return taken
  }
  const taken = (await Promise.all(Array.from({ length: 4 }, replica))).flat()
  expect(taken).toHaveLength(1_200)
  expect(new Set(taken.map(({ id }) => id)).size).toBe(1_200)
})

test('a row that somebody holds is left for the next look', async () => {
  await make(3)
  await makeDue('1 second')
  await database.transaction(async ({ query }) => {
    const { rows } = await query<{ id: string }>('SELECT id FROM integration_connections LIMIT 1 FOR UPDATE')
    const taken = (await due.take(100)) ?? []
    expect(taken).toHaveLength(2)
    expect(taken.map(({ id }) => id)).not.toContain(rows[0]?.id)
  })
  expect(await due.take(100)).toHaveLength(1)
})

test('only pending and connected ones with credentials are asked, by hand too', async () => {
  for (const status of ['failed', 'expired', 'refreshing', 'disconnected', 'suspended']) await make(1, status)
  await make(1, 'connected', null)
  await makeDue('1 second')
  expect(await due.take(100)).toBeNull()
  expect(await due.takeAfter('00000000-0000-0000-0000-000000000000', 100)).toBeNull()
  const ids = await database.query<{ id: string }>('SELECT id FROM integration_connections')
  for (const { id } of ids) expect(await due.takeNow(id)).toBeNull()
})

test('by hand: every one, page by page, due or not', async () => {
  await make(25)
  await make(5, 'pending')
  await all()
  const seen: string[] = []
  for (let after = '00000000-0000-0000-0000-000000000000'; ; after = seen.at(-1)!) {
    const page = await due.takeAfter(after, 7)
    if (page === null) break
    seen.push(...page.map(({ id }) => id))
  }
  expect(new Set(seen).size).toBe(30)
  expect(seen).toHaveLength(30)
})

test('before its turn: unless it was asked within the last minute', async () => {
  await make(1)
  const [row] = await database.query<{ id: string }>('SELECT id FROM integration_connections')
  const id = row?.id ?? ''
  const checked = (ago: string): Promise<unknown> =>
    database.query(`UPDATE integration_connections SET last_health_check = now() - interval '${ago}'`)
  expect(await due.takeNow(id)).toMatchObject({ id })
  await checked('59 seconds')
  expect(await due.takeNow(id)).toBeNull()
  await checked('61 seconds')
  expect(await due.takeNow(id)).toMatchObject({ id })
})
