import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { MetricRetention } from './metric-retention.ts'

const folder = mkdtempSync(join(tmpdir(), 'wasl-metric-retention-'))
let fresh: FreshDatabase
let database: Database
let retention: MetricRetention

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  retention = new MetricRetention(database, Settings.read({ DATA_DIR: folder, RETENTION_METRICS: 'P13M' }))
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true, force: true })
})

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(fresh.url, text, values)

async function connection(wish: string | null): Promise<string> {
  const [row] = await ask(
    `WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id),
       s AS (INSERT INTO project_settings (project_id, retention) SELECT id, $1 FROM p)
     INSERT INTO integration_connections (project_id, provider) SELECT id, 'tabby' FROM p RETURNING id`,
    [wish === null ? {} : { metrics: wish }],
  )
  return row?.id
}

test('hours go after thirteen months, sooner for a stricter project; old writers are forgotten', async () => {
  const [usual, strict, lax] = [await connection(null), await connection('P30D'), await connection('P5Y')]
  await ask(
    `INSERT INTO integration_metrics_hourly (provider, connection_id, hour)
     SELECT 'tabby', c.id, date_trunc('hour', now()) - make_interval(days => d) - make_interval(hours => h)
     FROM unnest($1::uuid[]) AS c (id), unnest('{1,40,380,400}'::int[]) d, generate_series(0, 9) h`,
    [[usual, strict, lax]],
  )
  await ask(
    "INSERT INTO metric_writers VALUES (gen_random_uuid(), 1, now() - interval '8 days'), (gen_random_uuid(), 1, now())",
  )
  expect(await retention.removeOld(new AbortController().signal)).toBe(30 + 20)
  const left = await ask(
    'SELECT connection_id AS id, count(*)::int AS n FROM integration_metrics_hourly GROUP BY 1',
  )
  expect(Object.fromEntries(left.map(({ id, n }) => [id, n]))).toEqual({
    [usual]: 30,
    [strict]: 10,
    [lax]: 30,
  })
  expect(await ask('SELECT FROM metric_writers')).toHaveLength(1)
  expect(await retention.removeOld(new AbortController().signal)).toBe(0)
})

test('more than a batch', async () => {
  const id = await connection(null)
  await ask('TRUNCATE integration_metrics_hourly')
  await ask(
    `INSERT INTO integration_metrics_hourly (provider, connection_id, hour)
     SELECT 'tabby', $1, date_trunc('hour', now()) - make_interval(days => 500) - make_interval(hours => h) FROM generate_series(1, 12000) h`,
    [id],
  )
  expect(await retention.removeOld(new AbortController().signal)).toBe(12_000)
})
