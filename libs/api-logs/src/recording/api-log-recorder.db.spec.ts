import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { Egress, EgressRoutes, type FinishedCall } from '@app/egress'
import { newId } from '@app/http'
import pg from 'pg'
import { register } from 'prom-client'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { ApiLogRecorder } from './api-log-recorder.ts'

let fresh: FreshDatabase
let database: Database
let project: string
let connection: string
let recorder: ApiLogRecorder
const egress = new Egress({ allowed: [], routes: new EgressRoutes(false) })

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
})
afterAll(async () => {
  await egress.close()
  await database.close()
  await fresh.drop()
})
beforeEach(async () => {
  const [row] = await ask(
    "WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id) INSERT INTO integration_connections (project_id, provider, environment) SELECT id, 'tap_payments', 'staging' FROM p RETURNING id, project_id",
  )
  project = row?.project_id
  connection = row?.id
  recorder = new ApiLogRecorder(database, egress)
  recorder.onModuleInit()
})
afterEach(async () => {
  await recorder.onApplicationShutdown()
  await ask('TRUNCATE integration_api_logs')
})

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(fresh.url, text, values)
const count = async (): Promise<number> =>
  (await ask('SELECT count(*)::int AS n FROM integration_api_logs'))[0]?.n
const onServer = (text: string) => sql(fresh.url.replace(/\/[^/]+$/, '/postgres'), text)

function call(rest: Partial<FinishedCall> = {}): FinishedCall {
  return {
    method: 'POST',
    host: 'api.tap.company',
    path: '/v2/charges',
    status: 200,
    ms: 7,
    bytes: 2,
    outcome: 'answered',
    attempt: 1,
    about: { provider: 'tap_payments', connection, operation: 'create' },
    detail: {
      url: 'https://api.tap.company/v2/charges',
      requestHeaders: { 'content-type': 'application/json' },
      requestBody: '{"amount":1}',
      responseHeaders: { 'x-ratelimit-remaining': '9' },
      responseBody: '{"id":"chg_1"}',
    },
    ...rest,
  }
}

async function dropped(): Promise<Record<string, number>> {
  const metric = await register.getSingleMetric('wasl_api_logs_dropped_total')?.get()
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [labels.what, value]))
}

test('a call of a connection has a row: whose it was says the connection itself', async () => {
  recorder.hear(call({ status: 422, attempt: 2, about: { connection, environment: 'prod' } }))
  await recorder.flush()
  expect(await ask('SELECT * FROM integration_api_logs')).toMatchObject([
    {
      project_id: project,
      connection_id: connection,
      environment: 'staging',
      provider: 'tap_payments',
      method: 'POST',
      endpoint: 'api.tap.company/v2/charges',
      request_body: '{"amount":1}',
      response_status: 422,
      response_body: '{"id":"chg_1"}',
      response_time_ms: 7,
      error_message: 'status 422',
      is_error: true,
      rate_limit_remaining: 9,
      attempt: 2,
    },
  ])
})

test('what egress announces is heard, until the end of the process', async () => {
  const refused = { method: 'GET', url: 'https://10.0.0.1/v1', about: { provider: 'github', connection } }
  await expect(egress.send(refused)).rejects.toThrow()
  await recorder.flush()
  expect(await ask('SELECT error_message FROM integration_api_logs')).toEqual([
    { error_message: 'refused_address: url' },
  ])
  await recorder.onApplicationShutdown()
  await expect(egress.send(refused)).rejects.toThrow()
  expect(await count()).toBe(1)
})

test('by itself: nobody flushes, and the rows come', async () => {
  for (let n = 0; n < 450; n++) recorder.hear(call())
  while ((await count()) < 450);
})

test('calls of nobody, of unknown providers and of connections that are gone sink no neighbour', async () => {
  const gone = newId()
  recorder.hear(call({ about: {} }))
  recorder.hear(call({ about: { provider: 'no_such_provider' } }))
  recorder.hear(call({ about: { provider: 'github', connection: gone, projectId: project } }))
  recorder.hear(call({ about: { provider: 'github', connection: gone, projectId: gone } }))
  recorder.hear(call({ about: { provider: 'github', connection: "' OR 1=1 --", projectId: 'x' } }))
  recorder.hear(call())
  await recorder.flush()
  expect(
    await ask('SELECT provider, connection_id, project_id FROM integration_api_logs ORDER BY id'),
  ).toEqual([
    { provider: 'github', connection_id: null, project_id: project },
    { provider: 'github', connection_id: null, project_id: null },
    { provider: 'github', connection_id: null, project_id: null },
    { provider: 'tap_payments', connection_id: connection, project_id: project },
  ])
})

test('a row that the database refuses is given up alone, and counted', async () => {
  await ask(
    "ALTER TABLE integration_api_logs ADD CONSTRAINT test_refusal CHECK (endpoint <> 'api.tap.company/refused')",
  )
  try {
    const before = (await dropped()).error ?? 0
    for (let n = 0; n < 50; n++) recorder.hear(call({ path: n === 21 ? '/refused' : '/fine', status: 500 }))
    await recorder.flush()
    expect([await count(), ((await dropped()).error ?? 0) - before]).toEqual([49, 1])
  } finally {
    await ask('ALTER TABLE integration_api_logs DROP CONSTRAINT test_refusal')
  }
})

test('a slow database: nobody waits for it, and every row comes', async () => {
  const blocker = new pg.Client({ connectionString: fresh.url })
  await blocker.connect()
  await blocker.query('BEGIN; LOCK TABLE integration_api_logs IN ACCESS EXCLUSIVE MODE')
  const started = performance.now()
  for (let n = 0; n < 3_000; n++) recorder.hear(call())
  // Ten microseconds a call, with much room for a busy machine; the table is locked all the while.
  expect(performance.now() - started).toBeLessThan(1_500)
  await blocker.query('COMMIT')
  await blocker.end()
  await recorder.flush()
  await recorder.flush()
  expect(await count()).toBe(3_000)
})

test('no database: what waits is kept up to the bound, what went well is given up first, then all comes', async () => {
  const name = new URL(fresh.url).pathname.slice(1)
  await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  await onServer(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`)
  const before = await dropped()
  try {
    for (let n = 0; n < 9_000; n++) recorder.hear(call())
    await recorder.flush()
    for (let n = 0; n < 2_000; n++) recorder.hear(call({ status: 503 }))
  } finally {
    await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
  }
  await recorder.flush()
  await recorder.flush()
  const lost = ((await dropped()).success ?? 0) - (before.success ?? 0)
  expect(lost).toBeGreaterThan(0)
  expect((await dropped()).error ?? 0).toBe(before.error ?? 0)
  expect(await count()).toBe(11_000 - lost)
  const [row] = await ask('SELECT count(*)::int AS n FROM integration_api_logs WHERE is_error')
  expect(row?.n).toBe(2_000)
})

test('a lost answer is asked again, and no row is there twice', async () => {
  const query = pg.Client.prototype.query
  let cut = 0
  pg.Client.prototype.query = function (this: pg.Client, ...args: any[]): any {
    const sent = (query as any).apply(this, args)
    if (args[0]?.name !== 'insert-api-logs' || cut++ > 0) return sent
    return sent.then(() => Promise.reject(new Error('Connection terminated unexpectedly')))
  } as never
  try {
    for (let n = 0; n < 20; n++) recorder.hear(call())
    await recorder.flush()
    await recorder.flush()
  } finally {
    pg.Client.prototype.query = query
  }
  expect([cut, await count()]).toEqual([2, 20])
})

test('the end of the process writes what waits', async () => {
  for (let n = 0; n < 10; n++) recorder.hear(call())
  await recorder.onApplicationShutdown()
  expect(await count()).toBe(10)
})
