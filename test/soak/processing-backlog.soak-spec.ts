import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { claimText } from '../../libs/jobs/src/work/work-table.ts'
import { EVENT_WORK } from '../../libs/webhooks/src/processing/event-work.ts'
import { eventually, type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { Shop } from '../support/shop.ts'

const BACKLOG = Number(process.env.SOAK_ROWS ?? 1_000_000)
const PROBES = 40
const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const folders = dataDirs()
let database: FreshDatabase
let platform: RunningProcess
let busy: Shop
let quiet: Shop

const start = (roles: string): Promise<RunningProcess> =>
  startProcess({
    DATA_DIR: folder,
    DATABASE_URL: database.url,
    ADMIN_API_KEY: ADMIN,
    ROLES: roles,
    PORT: '0',
  })
let folder: string
beforeAll(async () => {
  folder = folders.make()
  database = await freshDatabase()
  platform = await start('api')
  busy = await Shop.open(platform.url, ADMIN)
  quiet = await Shop.open(platform.url, ADMIN)
  await stopped(platform)
  for (let from = 0; from < BACKLOG; from += 100_000)
    await sql(
      database.url,
      // Without a body, but understood before: each is work, and none needs the store.
      `INSERT INTO integration_events (connection_id, project_id, environment, provider, event_id, event_hash, trust, data, created_at)
       SELECT c.id, c.project_id, c.environment, c.provider, 'backlog ' || n, md5(n::text), 'body_signed', '{}', now() - interval '1 hour'
       FROM integration_connections c, generate_series($2::int, $3::int) n WHERE c.id = $1`,
      [busy.connection, from + 1, Math.min(from + 100_000, BACKLOG)],
    )
}, 15 * 60_000)
afterAll(async () => {
  await stopped(platform)
  await database.drop()
  folders.remove()
})

test('a claim touches a bounded number of pages, whatever lies behind one connection, and the other has its share', async () => {
  await sql(
    database.url,
    `INSERT INTO integration_events (connection_id, project_id, environment, provider, event_id, data)
     SELECT c.id, c.project_id, c.environment, c.provider, 'quiet', '{}' FROM integration_connections c WHERE c.id = $1`,
    [quiet.connection],
  )
  for (const statistics of ['none', 'fresh']) {
    if (statistics === 'fresh') await sql(database.url, 'ANALYZE integration_events')
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      await client.query('BEGIN')
      const values = [100, '00000000-0000-0000-0000-000000000000', [], 50]
      const text = claimText(EVENT_WORK)
      const { rows } = await client.query<{
        'QUERY PLAN': [{ Plan: Record<string, number>; 'Execution Time': number }]
      }>(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values)
      await client.query('ROLLBACK')
      await client.query('BEGIN')
      const taken = await client.query<{ connection_id: string }>(text, values)
      await client.query('ROLLBACK')
      const of = (id: string): number => taken.rows.filter((row) => row.connection_id === id).length
      expect([of(quiet.connection), of(busy.connection)]).toEqual([1, 50])
      const [{ Plan: plan, 'Execution Time': ms } = { Plan: {}, 'Execution Time': NaN }] =
        rows[0]?.['QUERY PLAN'] ?? []
      const pages = (plan['Shared Hit Blocks'] ?? NaN) + (plan['Shared Read Blocks'] ?? NaN)
      console.log(
        `a claim over ${BACKLOG} rows, statistics ${statistics}: ${pages} pages, ${ms.toFixed(1)} ms`,
      )
      expect(pages).toBeLessThan(5_000)
    } finally {
      await client.end()
    }
  }
  await sql(database.url, "DELETE FROM integration_events WHERE event_id = 'quiet'")
}, 120_000)

test(
  `${BACKLOG} events wait for one connection: those of another are done within seconds`,
  async () => {
    platform = await start('api,worker,scheduler')
    const waiting = async (): Promise<number> => {
      const [row] = await sql<{ n: number }>(
        database.url,
        `SELECT count(*)::int AS n FROM (SELECT FROM integration_events WHERE connection_id = $1
           AND status IN ('pending', 'retrying') AND coalesce(next_retry_at, created_at) < now() LIMIT 1000) w`,
        [busy.connection],
      )
      return row?.n ?? -1
    }
    const times: number[] = []
    for (let n = 0; n < PROBES && (await waiting()) === 1_000; n++) {
      const since = performance.now()
      const answer = await quiet.deliver(platform.url, `probe ${n}`, `{"n":${n}}`)
      const { event_id: id } = (await answer?.json()) as { event_id: string }
      const done = async (): Promise<string> =>
        (
          await sql<{ status: string }>(
            database.url,
            'SELECT status::text FROM integration_events WHERE id = $1',
            [id],
          )
        )[0]?.status ?? ''
      const { answer: status } = await eventually(done, (is) => is === 'completed', 20_000)
      expect(status).toBe('completed')
      times.push(performance.now() - since)
    }
    expect(times.length).toBe(PROBES)
    times.sort((a, b) => a - b)
    const [row] = await sql<{ n: number }>(
      database.url,
      "SELECT count(*)::int AS n FROM integration_events WHERE connection_id = $1 AND status = 'completed'",
      [busy.connection],
    )
    console.log(
      `beside ${BACKLOG}: done after ${times[Math.floor(times.length / 2)]?.toFixed(0)} ms (median), ${times.at(-1)?.toFixed(0)} ms (longest), ` +
        `while ${row?.n} of the backlog were done`,
    )
    expect(row?.n).toBeGreaterThan(0)
    expect(times.at(-1)).toBeLessThan(5_000)
  },
  10 * 60_000,
)
