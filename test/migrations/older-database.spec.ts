import { runMigrations } from '@app/database'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { statementsOf } from '../../libs/database/src/migrations/statements.ts'
import { migrationsFolder, sql } from '../support/database.ts'
import { blankDatabases, contentOf, inOneSession } from '../support/migrations.ts'
import { schemaDump } from '../support/schema-dump.ts'

const blank = blankDatabases()
let fresh: string
beforeAll(async () => {
  fresh = await blank.url()
  await runMigrations(fresh, migrationsFolder)
})
afterAll(() => blank.drop())

async function over(older: string): Promise<string> {
  const url = await blank.url()
  await inOneSession(url, statementsOf(older))
  return url
}

describe('an older enumerated type', () => {
  const valuesOf = async (url: string): Promise<string[]> => {
    const [row] = await sql<{ values: string[] }>(
      url,
      'SELECT enum_range(NULL::integration_provider_type)::text[] AS values',
    )
    return row?.values ?? []
  }
  const table = `CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
    CREATE TABLE integration_connections (id uuid PRIMARY KEY, project_id uuid NOT NULL, provider integration_provider_type NOT NULL);
    INSERT INTO projects DEFAULT VALUES;
    INSERT INTO integration_connections SELECT gen_random_uuid(), id, unnest(enum_range(NULL::integration_provider_type)) FROM projects;`

  test.each([
    ['without rows', "CREATE TYPE integration_provider_type AS ENUM ('github', 'supabase');", 0],
    [
      'with rows that use it',
      `CREATE TYPE integration_provider_type AS ENUM ('github', 'supabase');${table}`,
      2,
    ],
    ['with only stripe', `CREATE TYPE integration_provider_type AS ENUM ('stripe');${table}`, 1],
    [
      'with one of the MENA providers',
      `CREATE TYPE integration_provider_type AS ENUM ('tabby', 'github');${table}`,
      2,
    ],
  ])('%s gets the missing values in order', async (_, older, rows) => {
    const url = await over(older)
    await runMigrations(url, migrationsFolder)
    expect(await valuesOf(url)).toEqual(await valuesOf(fresh))
    expect(await sql(url, 'SELECT count(*)::int AS n FROM integration_connections')).toEqual([{ n: rows }])
    expect(await sql(url, 'SELECT count(*)::int AS n FROM integration_providers')).toEqual([{ n: 49 }])
  })

  test('in another order, or with a value of its own: MENA first, and nothing is moved', async () => {
    const url = await over(
      `CREATE TYPE integration_provider_type AS ENUM ('supabase', 'own', 'github');${table}`,
    )
    await runMigrations(url, migrationsFolder)
    const values = await valuesOf(url)
    expect(values.slice(0, 13)).toEqual((await valuesOf(fresh)).slice(0, 13))
    expect(values.filter((value) => ['supabase', 'own', 'github'].includes(value))).toEqual([
      'supabase',
      'own',
      'github',
    ])
    expect([...values].sort()).toEqual([...(await valuesOf(fresh)), 'own'].sort())
  })

  test('every other type is made whole too', async () => {
    const types = ['integration_category', 'integration_auth_method', 'integration_connection_status', 'integration_event_status', 'integration_environment', 'integration_health_state'] // prettier-ignore
    const last = await Promise.all(
      types.map((type) =>
        sql<{ label: string }>(
          fresh,
          `SELECT max(v)::text AS label FROM unnest(enum_range(NULL::${type})) v`,
        ),
      ),
    )
    const url = await over(
      types.map((type, n) => `CREATE TYPE ${type} AS ENUM ('${last[n]?.[0]?.label}');`).join(''),
    )
    await runMigrations(url, migrationsFolder)
    expect(await schemaDump(url)).toBe(await schemaDump(fresh))
  })
})

const OLDER = `
CREATE TYPE integration_provider_type AS ENUM ('github', 'supabase');
CREATE TYPE integration_connection_status AS ENUM ('pending', 'connected', 'disconnected');
CREATE TYPE integration_event_status AS ENUM ('pending', 'failed');
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
INSERT INTO projects (name) VALUES ('old');
CREATE TABLE integration_providers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), provider integration_provider_type UNIQUE NOT NULL,
  name text NOT NULL, supported_countries text[], icon_url text);
INSERT INTO integration_providers (provider, name, supported_countries, icon_url) VALUES ('github', 'Git Hub', '{sa}', 'https://icons.example/gh');
CREATE TABLE integration_connections (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL, provider integration_provider_type NOT NULL,
  status integration_connection_status, alias text, health_failures integer, webhook_url text, UNIQUE (project_id, provider), UNIQUE (webhook_url));
CREATE UNIQUE INDEX old_alias ON integration_connections (project_id, provider, coalesce(alias, ''));
CREATE TABLE integration_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), connection_id uuid NOT NULL REFERENCES integration_connections (id),
  event_id text, payload jsonb NOT NULL, status integration_event_status DEFAULT 'failed', UNIQUE (event_id));
CREATE TABLE webhook_access_logs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event_id uuid REFERENCES integration_events (id) ON DELETE CASCADE, accessed_by uuid);
CREATE TABLE integration_api_logs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), connection_id uuid REFERENCES integration_connections (id) ON DELETE CASCADE,
  provider integration_provider_type NOT NULL, method text NOT NULL, endpoint text NOT NULL);
CREATE TABLE integration_metrics_hourly (provider integration_provider_type NOT NULL, hour timestamptz NOT NULL, api_calls_total integer, PRIMARY KEY (provider, hour));
INSERT INTO integration_connections (project_id, provider, status) SELECT id, unnest('{github,supabase}'::integration_provider_type[]), 'connected' FROM projects;
INSERT INTO integration_connections (project_id, provider) VALUES (gen_random_uuid(), 'github');
INSERT INTO integration_events (connection_id, event_id, payload) SELECT id, id, '{"kept": true}' FROM integration_connections;
INSERT INTO webhook_access_logs (event_id, accessed_by) SELECT id, gen_random_uuid() FROM integration_events;
INSERT INTO integration_api_logs (connection_id, provider, method, endpoint) SELECT id, provider, 'GET', '/' FROM integration_connections;
INSERT INTO integration_metrics_hourly VALUES ('github', date_trunc('hour', now(), 'UTC'), NULL), ('supabase', '2024-01-01Z', 2147483647);
`

describe('an older schema full of rows', () => {
  let url: string
  let before: Record<string, unknown[]>
  beforeAll(async () => {
    // Its orphan has no project: such a row stays too.
    url = await over(OLDER)
    before = await contentOf(url)
    await runMigrations(url, migrationsFolder)
  })

  test('every row stays, with every value it had', async () => {
    const after = await contentOf(url)
    const facts = ['name', 'supported_countries']
    for (const [table, rows] of Object.entries(before)) {
      for (const row of rows as Record<string, unknown>[]) {
        const kept = Object.entries(row).filter(
          ([column, value]) =>
            value !== null && !(table === 'integration_providers' && facts.includes(column)),
        )
        expect(after[table]).toContainEqual(expect.objectContaining(Object.fromEntries(kept)))
      }
    }
    for (const table of [
      'integration_connections',
      'integration_events',
      'webhook_access_logs',
      'integration_api_logs',
    ])
      expect(after[table]).toHaveLength(before[table]?.length ?? -1)
    expect(await sql(url, 'SELECT payload FROM integration_events LIMIT 1')).toEqual([
      { payload: { kept: true } },
    ])
  })

  test('every table, column, key and trigger of a new one is there', async () => {
    const lines = (dump: string): Set<string> =>
      new Set(dump.split('\n').map((line) => line.replace(/,$/, '').replace(/ NOT NULL$/, '')))
    const here = lines(await schemaDump(url))
    const missing = [...lines(await schemaDump(fresh))].filter((line) => !here.has(line))
    // Its own projects are not ours, its key of providers is a constraint, and its orphan keeps one key unchecked.
    expect(missing).toEqual([
      expect.stringContaining('integration_connections_project_id_fkey'),
      expect.stringContaining('CREATE UNIQUE INDEX integration_providers_provider_key'),
      "COMMENT ON TABLE projects IS 'made by Wasl';",
    ])
    expect([...here].filter((line) => line.includes('NOT VALID'))).toHaveLength(1)
  })

  test('two connections of one provider, one delivery for both, two metrics of one hour', async () => {
    await sql(
      url,
      "INSERT INTO integration_connections (project_id, provider) SELECT id, 'github' FROM projects",
    )
    await sql(
      url,
      "INSERT INTO integration_events (connection_id, project_id, provider, event_id) SELECT c.id, project_id, provider, 'same' FROM integration_connections c JOIN projects p ON p.id = project_id WHERE provider = 'github'",
    )
    await sql(url, "SELECT record_integration_metric('github', 'api_calls_total', 5)")
    await sql(
      url,
      "SELECT record_integration_metric('github', 'api_calls_total', 7, id) FROM integration_connections WHERE provider = 'github'",
    )
    const rows = await sql<{ n: string }>(
      url,
      "SELECT api_calls_total AS n FROM integration_metrics_hourly WHERE provider = 'github' ORDER BY 1",
    )
    expect(rows.map(({ n }) => n)).toEqual(['5', '7', '7', '7'])
    await sql(
      url,
      "UPDATE integration_metrics_hourly SET api_calls_total = api_calls_total + 1 WHERE provider = 'supabase'",
    )
  })

  test("a unique key that is the host's own stays", async () => {
    expect(await schemaDump(url)).toContain('UNIQUE (webhook_url)')
  })

  test('health is counted where the counter was null', async () => {
    const [row] = await sql(
      url,
      "SELECT update_integration_health(id, false) AS state FROM integration_connections WHERE provider = 'supabase'",
    )
    expect(row).toEqual({ state: 'degraded' })
  })

  test('registry rows get our facts, and what was missing of order and activity; the icon stays', async () => {
    expect(
      await sql(
        url,
        "SELECT name, supported_countries, icon_url, is_active, sort_order FROM integration_providers WHERE provider = 'github'",
      ),
    ).toEqual([
      {
        name: 'GitHub',
        supported_countries: null,
        icon_url: 'https://icons.example/gh',
        is_active: true,
        sort_order: 140,
      },
    ])
  })

  test('the payload is no longer asked for; events learn whose they are', async () => {
    await sql(
      url,
      'INSERT INTO integration_events (connection_id, provider) SELECT id, provider FROM integration_connections LIMIT 1',
    )
    expect(
      await sql(
        url,
        'SELECT e.project_id IS NULL AS unknown, count(*)::int AS n FROM integration_events e JOIN integration_connections c ON c.id = connection_id JOIN projects p ON p.id = c.project_id WHERE payload IS NOT NULL GROUP BY 1',
      ),
    ).toEqual([{ unknown: false, n: 2 }])
  })

  test('the audit outlives the event it names, and takes a key for a name', async () => {
    const [count] = await sql(url, 'SELECT count(*)::int AS n FROM webhook_access_logs')
    await sql(url, 'DELETE FROM integration_events')
    expect(await sql(url, 'SELECT count(*)::int AS n FROM webhook_access_logs')).toEqual([count])
    await sql(
      url,
      "INSERT INTO webhook_access_logs (event_id, accessed_by, access_reason) VALUES (gen_random_uuid(), 'key_1', 'ticket')",
    )
  })

  test('a second run changes nothing', async () => {
    const [shape, rows] = [await schemaDump(url), await contentOf(url)]
    await sql(url, 'DELETE FROM wasl_migrations')
    await runMigrations(url, migrationsFolder)
    expect(await schemaDump(url)).toBe(shape)
    expect(await contentOf(url)).toEqual(rows)
  })
})
