import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Database } from '@app/database'
import { newId } from '@app/http'
import fc from 'fast-check'
import pg from 'pg'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { BOUNDS } from './histogram.ts'
import { MetricFlusher } from './metric-flusher.ts'
import { Metrics } from './metrics.ts'
import { COUNTERS, Series } from './series.ts'

let fresh: FreshDatabase
let database: Database
let connection: string
let metrics: Metrics
let flusher: MetricFlusher

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  const [row] = await ask(
    "WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id) INSERT INTO integration_connections (project_id, provider) SELECT id, 'tabby' FROM p RETURNING id",
  )
  connection = row?.id
})
beforeEach(() => {
  metrics = new Metrics()
  flusher = new MetricFlusher(database, metrics)
})
afterEach(async () => {
  await flusher.onApplicationShutdown()
  await ask('TRUNCATE integration_metrics_hourly, metric_writers')
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(fresh.url, text, values)
const onServer = (text: string) => sql(fresh.url.replace(/\/[^/]+$/, '/postgres'), text)
const rows = () =>
  ask('SELECT * FROM integration_metrics_hourly ORDER BY provider, connection_id NULLS FIRST, hour')
const calls = async (): Promise<number> =>
  (await ask('SELECT coalesce(sum(api_calls_total), 0)::int AS n FROM integration_metrics_hourly'))[0]?.n

/** As `pg` does when the answer is lost: the statement was sent, and maybe carried out, and nobody knows. */
function losingAnswers(count: number, sent: boolean): { restore(): void } {
  const query = pg.Client.prototype.query
  let left = count
  pg.Client.prototype.query = function (this: pg.Client, ...args: any[]): any {
    if (args[0]?.name !== 'record-metrics' || left-- <= 0) return (query as any).apply(this, args)
    const lost = () => Promise.reject(new Error('Connection terminated unexpectedly'))
    return sent ? (query as any).apply(this, args).then(lost) : lost()
  } as never
  return { restore: () => (pg.Client.prototype.query = query) }
}

test('the bounds are those of the database', async () => {
  expect(await ask('SELECT integration_metric_bounds() AS bounds')).toEqual([{ bounds: [...BOUNDS] }])
})

test('batches make the rows that record_integration_metric() makes one by one', async () => {
  const happening = fc.record({
    // A connection is of one provider.
    of: fc.constantFrom<[string, boolean]>(['tabby', true], ['tabby', false], ['github', false]),
    counter: fc.constantFrom(...COUNTERS, 'response_time_ms' as const),
    value: fc.integer({ min: 0, max: 40_000 }),
  })
  const WHAT = `SELECT provider, connection_id, ${COUNTERS.join(', ')}, response_time_count, response_time_sum_ms, response_time_buckets,
    avg_response_time_ms FROM integration_metrics_hourly ORDER BY 1, 2 NULLS FIRST`
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 40 }), async (all) => {
      await ask('TRUNCATE integration_metrics_hourly')
      for (const [
        n,
        {
          of: [provider, own],
          counter,
          value,
        },
      ] of all.entries()) {
        const of = own ? connection : undefined
        if (counter === 'response_time_ms') metrics.observe(value, provider, of)
        else metrics.count(counter, provider, of, value)
        if (n % 7 === 0) await flusher.flush()
      }
      await flusher.flush()
      const batched = await ask(WHAT)
      await ask('TRUNCATE integration_metrics_hourly')
      for (const {
        of: [provider, own],
        counter,
        value,
      } of all)
        await database.query('SELECT record_integration_metric($1, $2, $3, $4)', [
          provider,
          counter,
          value,
          own ? connection : null,
        ])
      expect(batched).toEqual(await ask(WHAT))
    }),
    { numRuns: 15 },
  )
})

describe('nothing is lost and nothing counts twice', () => {
  test('when the answer to a committed batch is lost', async () => {
    metrics.count('api_calls_total', 'tabby', connection, 5)
    const lost = losingAnswers(2, true)
    await flusher.flush()
    metrics.count('api_calls_total', 'tabby', connection, 7)
    await flusher.flush()
    lost.restore()
    await flusher.flush()
    expect(await calls()).toBe(12)
  })

  test('when a batch never arrived', async () => {
    metrics.count('api_calls_total', 'tabby', connection, 5)
    const lost = losingAnswers(2, false)
    await flusher.flush()
    metrics.count('api_calls_total', 'tabby', connection, 7)
    await flusher.flush()
    lost.restore()
    await flusher.flush()
    expect(await calls()).toBe(12)
  })

  test('when the process is killed between statement and commit: all of the batch, or nothing of it', async () => {
    const batch = JSON.stringify([
      { provider: 'tabby', connection_id: connection, hour: new Date(), api_calls_total: 3 },
    ])
    const writer = randomUUID()
    const dying = new pg.Client({ connectionString: fresh.url })
    dying.on('error', () => undefined)
    await dying.connect()
    await dying.query('BEGIN')
    await dying.query('SELECT record_integration_metrics($1, 1, $2)', [writer, batch])
    const { rows: who } = await dying.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await ask('SELECT pg_terminate_backend($1, 5000)', [who[0]?.pid])
    expect([await calls(), await ask('SELECT FROM metric_writers')]).toEqual([0, []])
    // Whoever still knows the batch sends it again, and once more because it does not know better.
    for (const fresh of [true, false])
      expect(await ask('SELECT record_integration_metrics($1, 1, $2) AS fresh', [writer, batch])).toEqual([
        { fresh },
      ])
    expect(await calls()).toBe(3)
  })

  test('when a batch is sent again while the first is still under way', async () => {
    const batch = JSON.stringify([
      { provider: 'tabby', connection_id: connection, hour: new Date(), api_calls_total: 3 },
    ])
    const writer = randomUUID()
    const both = await Promise.all(
      [1, 2].map(() => ask('SELECT record_integration_metrics($1, 1, $2) AS fresh', [writer, batch])),
    )
    expect(both.flat().filter(({ fresh }) => fresh)).toHaveLength(1)
    expect(await calls()).toBe(3)
  })

  test('when two replicas count the same connections at once', async () => {
    const more = await ask(
      `INSERT INTO integration_connections (project_id, provider) SELECT project_id, provider FROM integration_connections, generate_series(1, 60) RETURNING id`,
    )
    const replicas = [1, 2].map(() => {
      const counting = new Metrics()
      return { counting, flusher: new MetricFlusher(database, counting) }
    })
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        replicas.map(async (replica, which) => {
          const order = which === 0 ? more : [...more].reverse()
          for (const { id } of order) replica.counting.count('api_calls_total', 'tabby', id)
          await replica.flusher.flush()
        }),
      )
    }
    for (const replica of replicas) await replica.flusher.onApplicationShutdown()
    expect(await calls()).toBe(2 * 10 * 60)
  })

  test('while there is no database; then all of it is written, in the hours in which it happened', async () => {
    const name = new URL(fresh.url).pathname.slice(1)
    jest.useFakeTimers({
      now: new Date('2026-11-24T10:59:59Z'),
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'],
    })
    try {
      await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
      await onServer(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`)
      metrics.count('webhooks_received', 'tabby', connection, 2)
      await flusher.flush()
      metrics.count('webhooks_received', 'tabby', connection, 4)
      jest.setSystemTime(new Date('2026-11-24T11:00:00Z'))
      metrics.count('webhooks_received', 'tabby', connection, 8)
      await flusher.flush()
      jest.setSystemTime(new Date('2026-11-24T10:30:00Z')) // a clock that is set back
      metrics.count('webhooks_received', 'tabby', connection, 16)
    } finally {
      jest.useRealTimers()
      await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
    }
    await flusher.flush()
    expect(
      (await rows()).map(({ hour, webhooks_received }) => [hour.toISOString(), webhooks_received]),
    ).toEqual([
      ['2026-11-24T10:00:00.000Z', '6'],
      ['2026-11-24T11:00:00.000Z', '24'],
    ])
  })

  test('at the end of the process', async () => {
    metrics.count('api_calls_total', 'tabby', connection, 9)
    await flusher.onApplicationShutdown()
    expect(await calls()).toBe(9)
  })
})

test('by itself: nobody flushes, and it is written', async () => {
  flusher.onModuleInit()
  metrics.count('api_calls_total', 'tabby', connection)
  while ((await calls()) < 1);
})

test('connections that are gone and providers that nobody knows sink no neighbour', async () => {
  metrics.count('api_calls_total', 'tabby', newId(), 1)
  metrics.count('api_calls_total', 'no_such_provider', undefined, 2)
  metrics.count('api_calls_total', 'tabby', connection, 4)
  await flusher.flush()
  expect(await calls()).toBe(4)
})

test('beyond its bound a connection counts for its provider only', () => {
  for (let n = 0; n < 50_010; n++) metrics.count('api_calls_total', 'tabby', `connection ${n}`)
  const taken = metrics.take()
  expect(taken.length).toBeLessThanOrEqual(50_001)
  const all = new Series('tabby', null, 0)
  for (const series of taken) all.add(series)
  expect(all.row()).toMatchObject({ api_calls_total: 50_010 })
})
