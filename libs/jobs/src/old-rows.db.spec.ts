import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase, sql } from '../../../test/support/database.ts'
import { removeOldRows } from './old-rows.ts'

const DAY = 24 * 60 * 60
let fresh: FreshDatabase
let database: Database
const never = new AbortController().signal
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  await sql(
    fresh.url,
    `CREATE TABLE notes (id uuid PRIMARY KEY, project_id uuid, words text, at timestamptz NOT NULL);
     CREATE FUNCTION v7(t timestamptz) RETURNS uuid LANGUAGE sql AS $$
       SELECT (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7' ||
         substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid $$`,
  )
})
beforeEach(() => sql(fresh.url, 'TRUNCATE notes'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

/** Rows whose ages are spread evenly over so many days. */
const make = (count: number, days: number, id = 'v7(at)', project: string | null = null): Promise<unknown> =>
  sql(
    fresh.url,
    `INSERT INTO notes SELECT ${id}, $3, 'words', at FROM (
       SELECT now() - n * make_interval(secs => $2::float8 / $1::int) AS at FROM generate_series(1, $1::int) n) made`,
    [count, days * DAY, project],
  )
const left = async (): Promise<{ n: number; oldest: number }> => {
  const [row] = await sql<{ n: number; oldest: number }>(
    fresh.url,
    'SELECT count(*)::int AS n, coalesce(extract(epoch FROM now() - min(at)) / 86400, 0)::float8 AS oldest FROM notes',
  )
  return row!
}
const NOTES = { table: 'notes', at: 'at' }

test.each([
  ['in the order of time', 'v7(at)'],
  ['random, of an older schema', 'gen_random_uuid()'],
])('what is older goes, what is younger stays: ids %s', async (_, id) => {
  await make(10_000, 100, id)
  const removed = await removeOldRows(database, { ...NOTES, olderThanSeconds: 60 * DAY }, never)
  const { n, oldest } = await left()
  expect(removed + n).toBe(10_000)
  // Of random ids some are, by chance, of these sixty days; they go as time passes over them.
  expect(Math.abs(n - 6_000)).toBeLessThan(20)
  if (id === 'v7(at)') expect(oldest).toBeLessThan(60)
})

test('only of one project; and only what else holds', async () => {
  const [mine, theirs] = ['01a20b6b-0000-7000-8000-000000000001', '01a20b6b-0000-7000-8000-000000000002']
  await make(100, 100, 'v7(at)', mine)
  await make(100, 100, 'v7(at)', theirs)
  expect(
    await removeOldRows(database, { ...NOTES, olderThanSeconds: 50 * DAY, projectId: mine }, never),
  ).toBe(51)
  const only = "at < now() - interval '90 days'"
  expect(await removeOldRows(database, { ...NOTES, olderThanSeconds: 1, only }, never)).toBe(11)
})

test('emptied instead of removed: each once', async () => {
  await make(5_000, 100)
  const rows = { ...NOTES, olderThanSeconds: 50 * DAY, instead: 'words = NULL', only: 'words IS NOT NULL' }
  expect(await removeOldRows(database, rows, never)).toBe(2_501)
  expect(await removeOldRows(database, rows, never)).toBe(0)
  expect((await left()).n).toBe(5_000)
})

test('a row that somebody holds is left for the next time', async () => {
  await make(10, 100)
  await database.transaction(async ({ query }) => {
    await query('SELECT FROM notes ORDER BY id LIMIT 1 FOR UPDATE')
    expect(await removeOldRows(database, { ...NOTES, olderThanSeconds: DAY }, never)).toBe(9)
  })
  expect(await removeOldRows(database, { ...NOTES, olderThanSeconds: DAY }, never)).toBe(1)
})

test('told to stop, it begins no other batch; the next run goes on', async () => {
  await make(10_000, 100)
  const stop = new AbortController()
  const counting = {
    query: async (text: string, values: unknown[]) => {
      const rows = await database.query(text, values)
      if (text.includes('DELETE')) stop.abort()
      return rows
    },
  } as unknown as Database
  expect(await removeOldRows(counting, { ...NOTES, olderThanSeconds: DAY }, stop.signal)).toBe(2_000)
  expect(await removeOldRows(database, { ...NOTES, olderThanSeconds: DAY }, never)).toBe(7_901)
})

test('killed at statement after statement and run again: the same end', async () => {
  await make(20_000, 100)
  let kills = 0
  let survivors = 0
  for (let attempt = 0; attempt < 8; attempt++) {
    // Whatever this run is at, after a random number of its statements its session is gone.
    const killAfter = Math.floor(Math.random() * 4)
    let statements = 0
    const watched = {
      query: async (text: string, values: unknown[]) => {
        const under = database.query(text, values)
        under.catch(() => undefined)
        if (statements++ === killAfter) {
          kills++
          await sql(
            fresh.url,
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'wasl' AND datname = current_database()`,
          )
        }
        return under
      },
    } as unknown as Database
    const before = (await left()).n
    await removeOldRows(watched, { ...NOTES, olderThanSeconds: 50 * DAY }, never).catch(() => survivors++)
    const { n } = await left()
    expect(n).toBeLessThanOrEqual(before)
    expect(n).toBeGreaterThanOrEqual(9_999)
  }
  expect(kills).toBeGreaterThan(0)
  await removeOldRows(database, { ...NOTES, olderThanSeconds: 50 * DAY }, never)
  expect((await left()).n).toBe(9_999)
})

test('a hundred thousand in short statements, while others write', async () => {
  await make(100_000, 100)
  const times: number[] = []
  const timed = {
    query: async (text: string, values: unknown[]) => {
      const started = performance.now()
      const rows = await database.query(text, values)
      times.push(performance.now() - started)
      return rows
    },
  } as unknown as Database
  let removing = true
  const waits: number[] = []
  const writer = (async () => {
    while (removing) {
      const started = performance.now()
      await database.query('INSERT INTO notes SELECT v7(now()), NULL, NULL, now()')
      waits.push(performance.now() - started)
    }
  })()
  const removed = await removeOldRows(timed, { ...NOTES, olderThanSeconds: 10 * DAY }, never)
  removing = false
  await writer
  expect(removed).toBe(90_001)
  expect(times.length).toBeGreaterThan(45)
  expect(Math.max(...times)).toBeLessThan(2_000)
  expect(Math.max(...waits)).toBeLessThan(2_000)
})
