import { type Patience, runMigrations } from '@app/database'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { type FreshDatabase, freshDatabase, migrationsFolder, sql } from '../support/database.ts'
import { schemaDump } from '../support/schema-dump.ts'

const EVENTS = 1_000_000
/** What each file sets, and a little for the machine. A delivery has five seconds (security.md 1.3). */
const LOCK_TIMEOUT_MS = 2_000

/** All migrations again, and over an older schema, while deliveries go on coming. Run by `SOAK=1 npm test -- big-tables`. */
describe(`${EVENTS.toLocaleString('en')} events`, () => {
  let database: FreshDatabase
  let connection: string
  let shape: string

  beforeAll(async () => {
    database = await freshDatabase()
    shape = await schemaDump(database.url)
    const [row] = await sql<{ id: string }>(
      database.url,
      "WITH p AS (INSERT INTO projects (name) VALUES ('big') RETURNING id) INSERT INTO integration_connections (project_id, provider) SELECT id, 'tabby' FROM p RETURNING id",
    )
    connection = row?.id ?? ''
    await sql(
      database.url,
      `INSERT INTO integration_events (connection_id, project_id, environment, provider, event_type, event_id, headers, event_hash, raw_body_url, body_size, status, data)
       SELECT c.id, c.project_id, c.environment, c.provider, 'payment.captured', 'evt_' || n, '{"content-type": "application/json"}',
              encode(sha256(n::text::bytea), 'hex'), 'segments/1#offset=' || n || '&length=1', 700, 'completed', '{"amount": "12.500", "currency": "KWD"}'
       FROM integration_connections c, generate_series(1, ${EVENTS}) n`,
    )
    await sql(database.url, 'ANALYZE integration_events')
  }, 300_000)
  afterAll(() => database.drop())

  test('all of them again: nothing is rewritten, and a delivery hardly notices', async () => {
    const before = await tableFile()
    const { took, longest } = await whileDelivering(() => again())
    console.info(`again: ${took} ms; the longest delivery took ${longest} ms`)
    expect(await tableFile()).toEqual(before)
    expect(took).toBeLessThan(15_000)
    expect(longest).toBeLessThan(LOCK_TIMEOUT_MS)
    await expectAllThere()
  }, 300_000)

  test('a reader that will not end holds deliveries up for no longer than the lock time-out', async () => {
    const reader = new pg.Client({ connectionString: database.url })
    await reader.connect()
    try {
      await reader.query('BEGIN; SELECT FROM integration_events LIMIT 1')
      const { longest } = await whileDelivering(() =>
        expect(again({ tries: 3, pauseMs: 100 })).rejects.toThrow(/canceling statement due to lock timeout/),
      )
      console.info(`behind a reader: the longest delivery took ${longest} ms`)
      expect(longest).toBeLessThan(LOCK_TIMEOUT_MS + 1_500)
    } finally {
      await reader.end()
    }
    await again()
    await expectAllThere()
  }, 300_000)

  test('over an older schema: indexes are built and owners filled in, no row is lost', async () => {
    await sql(
      database.url,
      `ALTER TABLE integration_events DROP COLUMN project_id CASCADE, DROP COLUMN environment CASCADE, DROP COLUMN event_hash CASCADE;
       DROP INDEX integration_events_event_id, integration_events_work;
       ALTER TABLE integration_events ADD COLUMN payload jsonb NOT NULL DEFAULT '{}';
       DROP TABLE wasl_migrations`,
    )
    const start = Date.now()
    await runMigrations(database.url, migrationsFolder)
    console.info(`over an older schema: ${Date.now() - start} ms`)
    expect(Date.now() - start).toBeLessThan(240_000)
    const [row] = await sql(
      database.url,
      'SELECT count(*)::int AS n, count(project_id)::int AS owned, count(payload)::int AS kept FROM integration_events',
    )
    expect(row).toEqual({ n: row?.n, owned: row?.n, kept: row?.n })
    expect(row?.n).toBeGreaterThanOrEqual(EVENTS)
    await sql(database.url, 'ALTER TABLE integration_events DROP COLUMN payload')
    const lines = (dump: string): string[] => dump.split('\n').map((line) => line.replace(/,$/, ''))
    expect(lines(await schemaDump(database.url)).sort()).toEqual(lines(shape).sort())
  }, 300_000)

  async function again(patience?: Patience): Promise<void> {
    await sql(database.url, 'DELETE FROM wasl_migrations')
    await runMigrations(database.url, migrationsFolder, patience)
  }

  const tableFile = (): Promise<unknown> =>
    sql(
      database.url,
      "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY 1",
    )

  async function expectAllThere(): Promise<void> {
    const [row] = await sql<{ n: number }>(
      database.url,
      "SELECT count(*)::int AS n FROM integration_events WHERE event_id LIKE 'evt_%'",
    )
    expect(row).toEqual({ n: EVENTS })
    expect(await schemaDump(database.url)).toBe(shape)
  }

  /** One delivery behind the other for as long as the work goes on; none of them may fail. */
  async function whileDelivering(work: () => Promise<unknown>): Promise<{ took: number; longest: number }> {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    let longest = 0
    const start = Date.now()
    let working = true
    const worked = work().finally(() => {
      working = false
    })
    try {
      for (let n = 0; working; n++) {
        const sent = Date.now()
        await client.query(
          "INSERT INTO integration_events (connection_id, provider, event_id) VALUES ($1, 'tabby', $2)",
          [connection, `new_${start}_${n}`],
        )
        longest = Math.max(longest, Date.now() - sent)
      }
      await worked
      return { took: Date.now() - start, longest }
    } finally {
      await client.end()
    }
  }
})
