import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'

const COUNTERS = [
  'total_connections',
  'new_connections',
  'failed_connections',
  'api_calls_total',
  'api_calls_success',
  'api_calls_failed',
  'webhooks_received',
  'webhooks_processed',
  'webhooks_failed',
  'rate_limit_hits',
]

let database: FreshDatabase
let connection: string
beforeAll(async () => {
  database = await freshDatabase()
  const [row] = await ask(
    "WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id) INSERT INTO integration_connections (project_id, provider) SELECT id, 'tabby' FROM p RETURNING id",
  )
  connection = row?.id
})
afterEach(() => ask('TRUNCATE integration_metrics_hourly'))
afterAll(() => database.drop())

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(database.url, text, values)
const record = (...values: unknown[]) =>
  ask(`SELECT record_integration_metric(${values.map((_, n) => `$${n + 1}`).join()})`, values)
const rows = () =>
  ask(
    `SELECT provider, connection_id, ${COUNTERS.map((name) => `${name}::int`).join()}, response_time_count::int AS count, avg_response_time_ms AS average
     FROM integration_metrics_hourly ORDER BY provider, connection_id NULLS FIRST`,
  )
const NOTHING = { ...Object.fromEntries(COUNTERS.map((name) => [name, 0])), count: 0, average: null }

test.each(COUNTERS)('%s is counted, and nothing else', async (name) => {
  await record('tabby', name)
  await record('tabby', name, 41)
  expect(await rows()).toEqual([{ ...NOTHING, provider: 'tabby', connection_id: null, [name]: 42 }])
})

test('the counters are these, exactly', async () => {
  const columns = await ask(
    "SELECT attname FROM pg_attribute WHERE attrelid = 'integration_metrics_hourly'::regclass AND atttypid = 'bigint'::regtype AND attname !~ '^response_time' ORDER BY attnum",
  )
  expect(columns.map(({ attname }) => attname)).toEqual(COUNTERS)
})

test('a connection has its own row, and none is one too; the provider is the sum', async () => {
  await record('tabby', 'api_calls_total', 1)
  await record('tabby', 'api_calls_total', 2, connection)
  await record('tabby', 'api_calls_total', 4, connection)
  await record('tabby', 'api_calls_total', 8, null)
  await record('tamara', 'api_calls_total', 16)
  expect((await rows()).map((row) => [row.provider, row.connection_id, row.api_calls_total])).toEqual([
    ['tabby', null, 9],
    ['tabby', connection, 6],
    ['tamara', null, 16],
  ])
})

test('zero makes a row of the hour', async () => {
  await record('tabby', 'webhooks_received', 0)
  expect(await rows()).toEqual([{ ...NOTHING, provider: 'tabby', connection_id: null }])
})

test('more than an integer holds', async () => {
  for (let n = 0; n < 3; n++) await record('tabby', 'api_calls_total', 2 ** 31 - 1)
  expect(await ask('SELECT api_calls_total::text AS n FROM integration_metrics_hourly')).toEqual([
    { n: String(3 * (2 ** 31 - 1)) },
  ])
})

describe('response times', () => {
  test('are averaged, and lie in the bucket whose bound they reach', async () => {
    const [{ bounds } = { bounds: [] }] = await ask('SELECT integration_metric_bounds() AS bounds')
    for (const ms of [0, 1, 2, 3, 30_000, 30_001, 2 ** 31 - 1]) await record('tabby', 'response_time_ms', ms)
    const [row] = await ask(
      'SELECT response_time_buckets::int[] AS buckets, avg_response_time_ms AS average FROM integration_metrics_hourly',
    )
    const expected = Array.from({ length: bounds.length + 1 }, () => 0)
    expected[0] = 2 // 0 and 1
    expected[1] = 1 // 2
    expected[2] = 1 // 3, up to 5
    expected[bounds.length - 1] = 1 // 30 000
    expected[bounds.length] = 2 // the rest
    expect(row?.buckets).toEqual(expected)
    expect(row?.average).toBeCloseTo((0 + 1 + 2 + 3 + 30_000 + 30_001 + 2 ** 31 - 1) / 7, 3)
  })

  test('give p50, p95 and p99 within their bucket', async () => {
    for (let ms = 1; ms <= 100; ms++) await record('tabby', 'response_time_ms', ms)
    const [{ buckets, bounds } = { buckets: [], bounds: [] }] = await ask(
      'SELECT response_time_buckets::int[] AS buckets, integration_metric_bounds() AS bounds FROM integration_metrics_hourly',
    )
    const upTo = (share: number): number => {
      let seen = 0
      return bounds[(buckets as number[]).findIndex((n) => (seen += n) >= share * 100)]
    }
    expect([upTo(0.5), upTo(0.95), upTo(0.99)]).toEqual([50, 100, 100])
  })

  test('count nothing, and what counts leaves them alone', async () => {
    await record('tabby', 'response_time_ms', 10)
    await record('tabby', 'api_calls_total', 5)
    expect(await rows()).toEqual([
      { ...NOTHING, provider: 'tabby', connection_id: null, api_calls_total: 5, count: 1, average: 10 },
    ])
  })
})

describe('refused with 22023, and nothing is touched', () => {
  test.each([
    ...[
      'unknown',
      '',
      ' api_calls_total',
      'API_CALLS_TOTAL',
      'hour',
      'id',
      'provider',
      'avg_response_time_ms',
      'response_time_count',
    ],
    ...[
      'api_calls_total = 0; DROP TABLE projects; --',
      "api_calls_total', 1); DELETE FROM projects; --",
      '"api_calls_total"',
      'api_calls_total\n',
      '%',
      null,
    ],
  ])('the name %p', async (name) => {
    await expect(record('tabby', name, 1)).rejects.toMatchObject({ code: '22023' })
    expect(await rows()).toEqual([])
  })

  test.each([null, -1, -(2 ** 31)])('the value %p', async (value) => {
    for (const name of ['api_calls_total', 'response_time_ms']) {
      await expect(record('tabby', name, value)).rejects.toMatchObject({ code: '22023' })
      await expect(record('tabby', name, value, connection)).rejects.toMatchObject({ code: '22023' })
    }
    expect(await rows()).toEqual([])
  })

  test('no provider', async () => {
    await expect(record(null, 'api_calls_total')).rejects.toMatchObject({ code: '22023' })
    expect(await rows()).toEqual([])
  })

  test('the row that is there stays as it is', async () => {
    await record('tabby', 'api_calls_total', 3)
    const before = await ask('SELECT * FROM integration_metrics_hourly')
    await expect(record('tabby', 'nonsense')).rejects.toMatchObject({ code: '22023' })
    await expect(record('tabby', 'api_calls_total', -1)).rejects.toMatchObject({ code: '22023' })
    expect(await ask('SELECT * FROM integration_metrics_hourly')).toEqual(before)
  })
})

test('a connection that does not exist leaves nothing', async () => {
  await expect(record('tabby', 'api_calls_total', 1, randomUUID())).rejects.toMatchObject({ code: '23503' })
  expect(await rows()).toEqual([])
})

test('no name reaches dynamic SQL', async () => {
  const [row] = await ask("SELECT prosrc FROM pg_proc WHERE proname = 'record_integration_metric'")
  expect(row?.prosrc).not.toMatch(/EXECUTE/i)
})

test.each([
  'UTC',
  'Asia/Riyadh',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/St_Johns',
  '+05:45',
])('the hour is the UTC hour in a session of %s', async (zone) => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await client.query("SELECT set_config('TimeZone', $1, false)", [zone])
    const { rows: found } = await client
      .query(
        `BEGIN; SELECT record_integration_metric('tabby', 'api_calls_total');
         SELECT extract(epoch FROM hour)::bigint % 3600 AS beside, now() - hour >= '0' AND now() - hour < '1 hour' AS current,
                count(*) OVER () AS n FROM integration_metrics_hourly; `,
      )
      .then((results) => (results as unknown as pg.QueryResult[])[2] as pg.QueryResult)
    expect(found).toEqual([{ beside: '0', current: true, n: '1' }])
    await client.query('ROLLBACK')
  } finally {
    await client.end()
  }
})

test('hundreds of callers at once lose nothing', async () => {
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      return client
    }),
  )
  try {
    await Promise.all(
      clients.flatMap((client, nth) =>
        Array.from({ length: 30 }, (_, n) =>
          client.query('SELECT record_integration_metric($1, $2, $3, $4)', [
            'tabby',
            n % 3 === 0 ? 'response_time_ms' : 'webhooks_received',
            n % 3 === 0 ? 7 : 2,
            nth % 2 === 0 ? null : connection,
          ]),
        ),
      ),
    )
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
  // Sums over the hours, in case the clock struck one meanwhile.
  expect(
    await ask(
      `SELECT connection_id IS NULL AS "none", sum(webhooks_received)::int AS received, sum(response_time_count)::int AS times,
              sum(response_time_sum_ms)::int AS ms, sum(response_time_buckets[4])::int AS bucket
       FROM integration_metrics_hourly GROUP BY 1 ORDER BY 1`,
    ),
  ).toEqual([
    { none: false, received: 400, times: 100, ms: 700, bucket: 100 },
    { none: true, received: 400, times: 100, ms: 700, bucket: 100 },
  ])
})
