import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { sql } from '../support/database.ts'
import { type Connected, makers, TAP_SECRET } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let tap: Connected
const NOBODY = '01a20b6b-0000-7000-8000-000000000000'

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
  tap = await a.connection(project)
})
afterAll(() => platform.stop())

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

describe('tenancy', () => {
  test("another project's things are not there: in read, list, write, body and quarantine", async () => {
    const other = await a.project()
    const theirs = await a.connection(other)
    const key = await a.key(project, { scopes: ['read', 'write', 'connections:write', 'bodies:read'] })
    for (const [method, path] of [
      ['GET', `/v1/projects/${other}`],
      ['GET', `/v1/projects/${other}/connections`],
      ['GET', `/v1/projects/${project}/connections/${theirs.id}`],
      ['DELETE', `/v1/projects/${project}/connections/${theirs.id}`],
      ['PATCH', `/v1/projects/${project}/connections/${theirs.id}`],
      ['GET', `/v1/projects/${other}/events`],
      ['GET', `/v1/projects/${project}/events/${NOBODY}`],
      ['GET', `/v1/projects/${project}/events/${NOBODY}/body?reason=x`],
      ['POST', `/v1/projects/${project}/quarantine/${NOBODY}/verify`],
      ['GET', `/v1/projects/not-an-id`],
    ] as const) {
      const answer = await platform.call(method, path, { key, ...(method === 'PATCH' && { body: {} }) })
      expect([path, answer.status, answer.body?.code]).toEqual([path, 404, 'not_found'])
    }
    expect((await get('/v1/projects', key)).body.data.map(({ id }: { id: string }) => id)).toEqual([project])
    expect((await get(`/v1/projects/${project}/events?connection_id=${theirs.id}`, key)).body.data).toEqual(
      [],
    )
  })

  test('a key of one environment sees that environment only', async () => {
    const key = await a.key(project, { environment: 'staging', scopes: ['read', 'connections:write'] })
    expect((await get(`/v1/projects/${project}/connections`, key)).body.data).toEqual([])
    expect((await get(`/v1/projects/${project}/connections/${tap.id}`, key)).status).toBe(404)
    const wrong = await platform.call('POST', `/v1/projects/${project}/connections`, {
      key,
      body: { provider: 'tap_payments', environment: 'dev', credentials: { secret_key: TAP_SECRET } },
    })
    expect(wrong.body).toMatchObject({ status: 422, errors: [{ pointer: '/environment' }] })
  })

  test('the database holds the barrier too', async () => {
    const seenBy = async (id: string): Promise<number> => {
      const client = new pg.Client({ connectionString: platform.database.url })
      await client.connect()
      await client.query('SET ROLE wasl_tenant')
      await client.query("SELECT set_config('wasl.project_id', $1, false)", [id])
      const { rows } = await client.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM integration_connections',
      )
      await client.end()
      return rows[0]?.n ?? -1
    }
    expect(await seenBy(project)).toBeGreaterThan(0)
    expect([await seenBy(NOBODY), await seenBy('')]).toEqual([0, 0])
    const policies = await sql<{ name: string }>(
      platform.database.url,
      "SELECT tablename AS name FROM pg_policies WHERE policyname = 'tenant' ORDER BY 1",
    )
    expect(policies.map(({ name }) => name)).toEqual([
      'api_keys',
      'audit_log',
      'connection_health_changes',
      'delivery_attempts',
      'destination_deliveries',
      'destinations',
      'event_attempts',
      'event_references',
      'event_replays',
      'idempotency_keys',
      'integration_api_logs',
      'integration_connections',
      'integration_events',
      'integration_metrics_hourly',
      'integration_webhook_configs',
      'outgoing_events',
      'project_settings',
      'webhook_access_logs',
      'webhook_addresses',
      'webhook_quarantine',
      'webhook_registrations',
    ])
  })

  test('in every table with a project: rows of one are nothing to another, nor of another environment', async () => {
    const { url } = platform.database
    const other = await a.connection(await a.project())
    await a.key(other.project)
    await platform.call('POST', other.path, { key: null, body: 'unsigned' })
    await sql(url, 'UPDATE project_settings SET country = $1 WHERE project_id = $2', ['KW', other.project])
    await sql(
      url,
      `INSERT INTO integration_events (connection_id, project_id, environment, provider, event_id)
       VALUES ($1, $2, 'dev', 'tap_payments', 'theirs')`,
      [other.id, other.project],
    )
    await sql(
      url,
      `INSERT INTO webhook_access_logs (event_id, project_id, accessed_by, access_reason)
       VALUES ($1, $2, 'somebody', 'test')`,
      [NOBODY, other.project],
    )
    const seen = async (table: string, id: string, environment: string): Promise<number> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        await client.query('SET ROLE wasl_tenant')
        await client.query(
          "SELECT set_config('wasl.project_id', $1, false), set_config('wasl.environment', $2, false)",
          [id, environment],
        )
        const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
        return rows[0]?.n ?? -1
      } finally {
        await client.end()
      }
    }
    for (const [table, ofEnvironment] of [
      ['integration_connections', true],
      ['integration_events', true],
      ['webhook_quarantine', true],
      ['webhook_addresses', true],
      ['api_keys', false],
      ['project_settings', false],
      ['webhook_access_logs', false],
      ['audit_log', false],
    ] as const) {
      expect([table, await seen(table, other.project, '')]).not.toEqual([table, 0])
      expect([table, await seen(table, NOBODY, '')]).toEqual([table, 0])
      const elsewhere = await seen(table, other.project, 'prod')
      expect([table, elsewhere > 0]).toEqual([table, !ofEnvironment])
    }
    const open = await sql<{ name: string }>(
      url,
      `SELECT table_name AS name FROM information_schema.columns c
       WHERE column_name = 'project_id' AND table_schema = 'public'
         AND has_table_privilege('wasl_tenant', format('%I', table_name), 'SELECT, INSERT, UPDATE, DELETE')
         AND NOT (SELECT relrowsecurity FROM pg_class WHERE oid = format('%I', table_name)::regclass)`,
    )
    expect(open).toEqual([])
  })
})
