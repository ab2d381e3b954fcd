import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'

let database: FreshDatabase
let project: string
beforeAll(async () => {
  database = await freshDatabase()
  project = await idOf("INSERT INTO projects (name) VALUES ('p') RETURNING id")
})
afterAll(() => database.drop())

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(database.url, text, values)
const idOf = async (text: string, values: unknown[] = []): Promise<string> => (await ask(text, values))[0]?.id
const connection = (columns: Record<string, unknown> = {}): Promise<string> =>
  insert('integration_connections', { project_id: project, provider: 'tabby', ...columns })
const event = (columns: Record<string, unknown> = {}): Promise<string> =>
  insert('integration_events', { provider: 'tabby', ...columns })

function insert(table: string, columns: Record<string, unknown>): Promise<string> {
  const names = Object.keys(columns)
  return idOf(
    `INSERT INTO ${table} (${names.join()}) VALUES (${names.map((_, n) => `$${n + 1}`).join()}) RETURNING *`,
    Object.values(columns),
  )
}

const DUPLICATE = { code: '23505' }
const MISSING = { code: '23502' }

/** Every column that the contract names, with its type; `!` where it may not be null. */
const COLUMNS: Record<string, string> = {
  integration_providers: `id uuid!, provider integration_provider_type!, name text!, name_ar text!, category integration_category,
    auth_methods integration_auth_method[]!, capabilities jsonb!, payment_capabilities text[]!, webhook_support boolean!, realtime_support boolean!,
    rate_limits jsonb!, required_scopes text[]!, optional_scopes text[]!, is_mena_provider boolean!, supported_countries text[],
    supported_currencies text[], data_residency_regions text[]!, primary_locale text!, documentation_url text, icon_url text, sort_order integer!,
    is_active boolean!, created_at timestamptz!, updated_at timestamptz!`,
  integration_connections: `id uuid!, project_id uuid!, provider integration_provider_type!, status integration_connection_status!,
    auth_method integration_auth_method!, environment integration_environment!, alias text, credentials jsonb, token_expires_at timestamptz,
    scopes text[]!, external_account_id text, external_account_name text, webhook_url text, config jsonb!, metadata jsonb!,
    last_health_check timestamptz, health_state integration_health_state!, health_message text, health_failures integer!,
    health_response_time_ms integer, connected_at timestamptz, disconnected_at timestamptz, last_sync_at timestamptz, expires_at timestamptz,
    created_at timestamptz!, updated_at timestamptz!, access_token_encrypted text, refresh_token_encrypted text, webhook_secret_encrypted text`,
  integration_events: `id uuid!, connection_id uuid!, provider integration_provider_type!, event_type text, event_id text, headers jsonb!,
    raw_body_url text, event_hash text, signature text, body_size integer, status integration_event_status!, data jsonb, processed_at timestamptz,
    processing_duration_ms integer, error_message text, error_details jsonb, retry_count integer!, max_retries integer!, next_retry_at timestamptz,
    source_ip inet, user_agent text, created_at timestamptz!, updated_at timestamptz!`,
  webhook_access_logs:
    'id uuid!, event_id uuid!, accessed_by text!, access_reason text!, ip_address inet, accessed_at timestamptz!',
  integration_webhook_configs: `id uuid!, connection_id uuid!, webhook_id text, endpoint_url text!, events text[]!, is_active boolean!,
    signing_secret jsonb, verification_method text, metadata jsonb!, created_at timestamptz!, updated_at timestamptz!`,
  integration_oauth_states: `state text!, project_id uuid!, provider integration_provider_type!, redirect_uri text!, code_verifier text,
    metadata jsonb!, created_at timestamptz!, expires_at timestamptz!`,
  integration_api_logs: `id uuid!, connection_id uuid, provider integration_provider_type!, method text!, endpoint text!, request_headers jsonb,
    request_body text, response_status integer, response_headers jsonb, response_body text, response_time_ms integer, error_message text,
    is_error boolean!, rate_limit_remaining integer, rate_limit_reset_at timestamptz, created_at timestamptz!`,
  integration_metrics_hourly: `id uuid!, provider integration_provider_type!, connection_id uuid, hour timestamptz!, total_connections bigint!,
    new_connections bigint!, failed_connections bigint!, api_calls_total bigint!, api_calls_success bigint!, api_calls_failed bigint!,
    webhooks_received bigint!, webhooks_processed bigint!, webhooks_failed bigint!, rate_limit_hits bigint!, avg_response_time_ms double precision`,
}

describe('columns', () => {
  test.each(Object.entries(COLUMNS))('%s has what the contract names', async (table, list) => {
    const rows = await ask(
      `SELECT attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN '!' ELSE '' END AS type
       FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0`,
      [table],
    )
    const found = Object.fromEntries(rows.map(({ attname, type }) => [attname, type]))
    const expected = Object.fromEntries(
      list.split(/,\s+/).map((column) => {
        const [, name, type] = /^(\w+) (.*)$/.exec(column) ?? []
        return [name, type?.replace('timestamptz', 'timestamp with time zone')]
      }),
    )
    expect(found).toMatchObject(expected)
  })

  test('time is timestamptz everywhere; keys are uuid, made by gen_random_uuid()', async () => {
    expect(
      await ask(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type IN ('timestamp without time zone', 'time without time zone', 'date')",
      ),
    ).toEqual([])
    for (const table of Object.keys(COLUMNS).filter((name) => name !== 'integration_oauth_states')) {
      const [row] = await ask(
        `SELECT pg_get_constraintdef(c.oid) AS key, pg_get_expr(d.adbin, d.adrelid) AS "default" FROM pg_constraint c
         JOIN pg_attrdef d ON d.adrelid = c.conrelid AND d.adnum = c.conkey[1] WHERE contype = 'p' AND conrelid = $1::regclass`,
        [table],
      )
      expect({ table, ...row }).toEqual({ table, key: 'PRIMARY KEY (id)', default: 'gen_random_uuid()' })
    }
  })

  test('only core extensions', async () => {
    expect(await ask('SELECT extname FROM pg_extension')).toEqual([{ extname: 'plpgsql' }])
  })

  test('none could hold a body, but those of the call log', async () => {
    const rows = await ask(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name ~ '(body|payload|raw|content)' AND data_type IN ('text', 'bytea', 'json', 'jsonb', 'character varying', 'USER-DEFINED')
       ORDER BY 1`,
    )
    const addresses = rows.map(({ name }) => name as string).filter((name) => !/(_url|_hash)$/.test(name))
    expect(addresses).toEqual(['integration_api_logs.request_body', 'integration_api_logs.response_body'])
    expect(
      await ask(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'integration_events' AND data_type = 'bytea'",
      ),
    ).toEqual([])
  })

  test('defaults: what is left out', async () => {
    const id = await connection()
    expect((await ask('SELECT * FROM integration_connections WHERE id = $1', [id]))[0]).toMatchObject({
      status: 'pending',
      environment: 'prod',
      health_state: 'unknown',
      health_failures: 0,
      config: {},
      metadata: {},
      scopes: [],
      credentials: null,
    })
    const row = await event({ connection_id: id })
    expect((await ask('SELECT * FROM integration_events WHERE id = $1', [row]))[0]).toMatchObject({
      status: 'pending',
      retry_count: 0,
      max_retries: 8,
      headers: {},
      raw_body_url: null,
    })
    await insert('integration_oauth_states', {
      state: 'hash',
      project_id: project,
      provider: 'github',
      redirect_uri: 'https://x',
    })
    expect(
      await ask("SELECT expires_at - created_at = '10 minutes' AS ten FROM integration_oauth_states"),
    ).toEqual([{ ten: true }])
  })
})

describe('what is unique', () => {
  test("a live connection's alias within project, provider and environment, and nothing else", async () => {
    await connection({ alias: 'main' })
    for (const status of ['pending', 'connected', 'failed', 'expired', 'refreshing', 'suspended'])
      await expect(connection({ alias: 'main', status })).rejects.toMatchObject(DUPLICATE)
    await connection({ alias: 'main', status: 'disconnected' })
    await connection({ alias: 'main', status: 'disconnected' })
    await connection({ alias: 'Main' })
    await connection({ alias: 'main', environment: 'dev' })
    await connection({ alias: 'main', provider: 'tamara' })
    await connection({ alias: 'main', project_id: await insert('projects', { name: 'other' }) })
    for (let n = 0; n < 3; n++) await connection({ external_account_id: 'same', webhook_url: 'same' })
    await expect(
      ask(
        "UPDATE integration_connections SET status = 'connected' WHERE alias = 'main' AND status = 'disconnected'",
      ),
    ).rejects.toMatchObject(DUPLICATE)
  })

  test('an event id within its connection; without one the hash', async () => {
    const [one, other] = [await connection(), await connection()]
    await event({ connection_id: one, event_id: 'e', event_hash: 'h' })
    await expect(event({ connection_id: one, event_id: 'e', event_hash: 'h2' })).rejects.toMatchObject(
      DUPLICATE,
    )
    await event({ connection_id: one, event_id: 'e2', event_hash: 'h' })
    await event({ connection_id: other, event_id: 'e', event_hash: 'h' })
    await event({ connection_id: one, event_hash: 'h' })
    await expect(event({ connection_id: one, event_hash: 'h' })).rejects.toMatchObject(DUPLICATE)
    await event({ connection_id: other, event_hash: 'h' })
  })

  test("a webhook of a connection; without its id the endpoint's address", async () => {
    const connection_id = await connection()
    const config = (columns: object): Promise<string> =>
      insert('integration_webhook_configs', { connection_id, endpoint_url: 'https://a', ...columns })
    await config({ webhook_id: 'w' })
    await expect(config({ webhook_id: 'w', endpoint_url: 'https://b' })).rejects.toMatchObject(DUPLICATE)
    await config({ webhook_id: 'w2' })
    await config({})
    await expect(config({})).rejects.toMatchObject(DUPLICATE)
    await config({ endpoint_url: 'https://b' })
    await config({ connection_id: await connection() })
  })

  test('a metric of provider, connection and hour; no connection is one too', async () => {
    const connection_id = await connection()
    const metric = (columns: object): Promise<string> =>
      insert('integration_metrics_hourly', { provider: 'tabby', hour: '2024-01-01T00:00:00Z', ...columns })
    await metric({})
    await expect(metric({})).rejects.toMatchObject(DUPLICATE)
    await metric({ connection_id })
    await expect(metric({ connection_id })).rejects.toMatchObject(DUPLICATE)
    await metric({ provider: 'tamara' })
    await metric({ hour: '2024-01-01T01:00:00Z' })
  })

  test('a state', async () => {
    const state = { state: 'one', project_id: project, provider: 'github', redirect_uri: 'https://x' }
    await insert('integration_oauth_states', state)
    await expect(insert('integration_oauth_states', state)).rejects.toMatchObject(DUPLICATE)
  })
})

describe('what goes with what', () => {
  test('a project takes its connections along, they their events, webhooks and metrics; logs of calls stay', async () => {
    const project_id = await insert('projects', { name: 'gone' })
    const connection_id = await connection({ project_id })
    const event_id = await event({ connection_id })
    await insert('integration_webhook_configs', { connection_id, endpoint_url: 'https://a' })
    await ask("SELECT record_integration_metric('tabby', 'api_calls_total', 1, $1)", [connection_id])
    const log = { connection_id, provider: 'tabby', method: 'GET', endpoint: '/' }
    const log_id = await insert('integration_api_logs', log)
    await insert('webhook_access_logs', { event_id, accessed_by: 'key', access_reason: 'why' })
    await ask('DELETE FROM projects WHERE id = $1', [project_id])
    for (const table of ['integration_events', 'integration_webhook_configs', 'integration_metrics_hourly'])
      expect(await ask(`SELECT FROM ${table} WHERE connection_id = $1`, [connection_id])).toEqual([])
    expect(await ask('SELECT connection_id FROM integration_api_logs WHERE id = $1', [log_id])).toEqual([
      { connection_id: null },
    ])
    expect(await ask('SELECT accessed_by FROM webhook_access_logs WHERE event_id = $1', [event_id])).toEqual([
      { accessed_by: 'key' },
    ])
  })

  test('no connection without a project, no event without a connection, no audit without a reason', async () => {
    await expect(connection({ project_id: randomUUID() })).rejects.toMatchObject({ code: '23503' })
    await expect(connection({ project_id: null })).rejects.toMatchObject(MISSING)
    await expect(event({ connection_id: randomUUID() })).rejects.toMatchObject({ code: '23503' })
    await expect(
      insert('webhook_access_logs', { event_id: randomUUID(), accessed_by: 'key', access_reason: null }),
    ).rejects.toMatchObject(MISSING)
  })
})

describe('updated_at', () => {
  test('is kept by a trigger on every table that has it', async () => {
    expect(
      await ask(
        `SELECT c.table_name FROM information_schema.columns c
         WHERE c.table_schema = 'public' AND c.column_name = 'updated_at' AND NOT EXISTS (
           SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
           WHERE t.tgrelid = c.table_name::regclass AND p.proname = 'integration_touch_updated_at' AND t.tgenabled = 'O'
             AND t.tgtype = 19)`, // BEFORE UPDATE, for each row
      ),
    ).toEqual([])
  })

  test.each([
    'integration_connections',
    'integration_events',
    'integration_webhook_configs',
    'integration_providers',
  ])('%s: whatever the statement says', async (table) => {
    const connection_id = await connection()
    await event({ connection_id, updated_at: '2020-01-01Z' })
    await insert('integration_webhook_configs', {
      connection_id,
      endpoint_url: 'https://a',
      updated_at: '2020-01-01Z',
    })
    expect(
      await ask(`UPDATE ${table} SET updated_at = '2020-01-01Z' RETURNING updated_at = now() AS now`),
    ).toContainEqual({ now: true })
    expect(await ask(`SELECT FROM ${table} WHERE updated_at < '2021-01-01Z'`)).toEqual([])
  })
})

test('GIN indexes on the arrays and on the capabilities', async () => {
  const rows = await ask(
    "SELECT indexdef FROM pg_indexes WHERE tablename = 'integration_providers' AND indexdef LIKE '%USING gin%' ORDER BY 1",
  )
  expect(rows.map(({ indexdef }) => /\((\w+)\)/.exec(indexdef as string)?.[1]).sort()).toEqual([
    'auth_methods',
    'capabilities',
    'data_residency_regions',
    'optional_scopes',
    'payment_capabilities',
    'required_scopes',
    'supported_countries',
    'supported_currencies',
  ])
})
