import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type FreshDatabase,
  freshDatabase,
  migrationsFolder,
  sql,
} from '../../../../test/support/database.ts'
import { migrationFiles, runMigrations } from './run-migrations.ts'
import { statementsOf } from './statements.ts'

const opened: FreshDatabase[] = []
async function blank(): Promise<string> {
  const database = await freshDatabase('blank')
  opened.push(database)
  return database.url
}
afterAll(async () => {
  for (const database of opened) await database.drop()
})

const file074 = join(migrationsFolder, '074_unified_integration_platform_mena.sql')
const rollbackOf = (file: string): string => {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/\/\*([\s\S]*?)\*\//g)]
  expect(blocks).toHaveLength(1)
  return blocks[0]?.[1] ?? ''
}

/** Everything that a migration can make, as sorted lines. */
async function shapeOf(url: string): Promise<string[]> {
  const rows = await sql<{ line: string }>(
    url,
    `SELECT format('column %s.%s %s null:%s default:%s', table_name, column_name, udt_name, is_nullable, column_default) AS line
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'wasl_migrations'
     UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'wasl_migrations'
     UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid <> coalesce(to_regclass('wasl_migrations'), 0)::oid
     UNION ALL SELECT format('trigger %s %s', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     UNION ALL SELECT format('policy %s %s %s', tablename, policyname, qual) FROM pg_policies
     UNION ALL SELECT format('type %s %s', t.typname, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder))
       FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
     ORDER BY 1`,
  )
  return rows.map(({ line }) => line)
}

async function contentOf(url: string): Promise<unknown> {
  const tables = ['integration_providers', 'integration_connections', 'integration_events', 'projects']
  const contents = await Promise.all(
    tables.map((table) => sql(url, `SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY t.id`)),
  )
  return contents
}

describe('running', () => {
  test('on a blank database, then again: nothing more to do', async () => {
    const url = await blank()
    expect(await runMigrations(url, migrationsFolder)).toEqual(
      migrationFiles(migrationsFolder).map(({ name }) => name),
    )
    expect(await runMigrations(url, migrationsFolder)).toEqual([])
  })

  test('every file a second time, over rows: same shape, same rows', async () => {
    const url = await blank()
    await runMigrations(url, migrationsFolder)
    await rowsIn(url)
    await sql(
      url,
      "UPDATE integration_providers SET is_active = false, icon_url = 'x', sort_order = 1 WHERE provider = 'tabby'",
    )
    const before = [await shapeOf(url), await contentOf(url)]
    await sql(url, 'DELETE FROM wasl_migrations')
    expect(await runMigrations(url, migrationsFolder)).not.toEqual([])
    expect([await shapeOf(url), await contentOf(url)]).toEqual(before)
  })

  test('eight at once', async () => {
    const url = await blank()
    const ran = await Promise.all(Array.from({ length: 8 }, () => runMigrations(url, migrationsFolder)))
    expect(ran.filter((files) => files.length > 0)).toHaveLength(1)
    expect(await sql(url, 'SELECT count(*)::int AS n FROM integration_providers')).toEqual([{ n: 49 }])
  })

  test('killed after any statement, the next run ends the same', async () => {
    const whole = await blank()
    await runMigrations(whole, migrationsFolder)
    const expected = await shapeOf(whole)
    const statements = statementsOf(readFileSync(file074, 'utf8'))
    for (const part of [3, 40, 90, 120, statements.length - 5]) {
      const url = await blank()
      for (const statement of statements.slice(0, part)) await sql(url, statement)
      await runMigrations(url, migrationsFolder)
      expect(await shapeOf(url)).toEqual(expected)
    }
  })

  test('rolled back, nothing of ours is left; then it runs again', async () => {
    const url = await blank()
    await sql(url, 'CREATE TABLE projects (id uuid PRIMARY KEY, name text, host_column int)')
    const empty = await shapeOf(url)
    await runMigrations(url, migrationsFolder)
    const full = await shapeOf(url)
    for (const { name } of migrationFiles(migrationsFolder).reverse()) {
      for (const statement of statementsOf(rollbackOf(join(migrationsFolder, name))))
        await sql(url, statement)
    }
    expect(await shapeOf(url)).toEqual(empty)
    await runMigrations(url, migrationsFolder)
    expect(await shapeOf(url)).toEqual(full)
  })

  test('by psql as the documents say, with the same result', async () => {
    try {
      execFileSync('psql', ['--version'])
    } catch {
      console.info('skipped: no psql on this machine')
      return
    }
    const [byHand, byPlatform] = [await blank(), await blank()]
    for (const { name } of migrationFiles(migrationsFolder)) {
      const said = execFileSync(
        'psql',
        ['-d', byHand, '-v', 'ON_ERROR_STOP=1', '-f', join(migrationsFolder, name)],
        {
          encoding: 'utf8',
          stdio: 'pipe',
        },
      )
      expect(said).not.toMatch(/WARNING|ERROR/)
      if (name.startsWith('074'))
        execFileSync('psql', ['-d', byHand, '-v', 'ON_ERROR_STOP=1', '-f', join(migrationsFolder, name)], {
          stdio: 'pipe',
        })
    }
    const listed = execFileSync(
      'psql',
      [
        '-d',
        byHand,
        '-Atc',
        'SELECT provider, name, is_mena_provider FROM integration_providers ORDER BY is_mena_provider DESC, provider;',
      ],
      { encoding: 'utf8' },
    )
    expect(listed.split('\n')[0]).toBe('tap_payments|Tap Payments|t')
    await runMigrations(byPlatform, migrationsFolder)
    const withoutHistory = (await shapeOf(byHand)).filter((line) => !line.includes('wasl_migrations'))
    expect(withoutHistory).toEqual(await shapeOf(byPlatform))
  })
})

describe('over an older database', () => {
  let url: string
  beforeAll(async () => {
    url = await blank()
    for (const statement of statementsOf(OLDER)) await sql(url, statement)
    await runMigrations(url, migrationsFolder)
  })

  test('missing providers are added, MENA first', async () => {
    const [{ order } = { order: [] }] = await sql<{ order: string[] }>(
      url,
      'SELECT enum_range(NULL::integration_provider_type)::text[] AS order',
    )
    const fresh = await blank()
    await runMigrations(fresh, migrationsFolder)
    expect([{ order }]).toEqual(
      await sql(fresh, 'SELECT enum_range(NULL::integration_provider_type)::text[] AS order'),
    )
  })

  test('rows stay, the payload column is no longer asked for, and uniqueness gives way', async () => {
    expect(await sql(url, 'SELECT payload FROM integration_events')).toEqual([{ payload: { kept: true } }])
    await sql(
      url,
      "INSERT INTO integration_connections (project_id, provider) SELECT id, 'github' FROM projects",
    )
    const [{ n } = { n: 0 }] = await sql<{ n: number }>(
      url,
      "SELECT count(*)::int AS n FROM integration_connections WHERE provider = 'github'",
    )
    expect(n).toBeGreaterThanOrEqual(2)
  })

  test('events of old learn whose they are', async () => {
    expect(
      await sql(url, 'SELECT count(*)::int AS n FROM integration_events WHERE project_id IS NULL'),
    ).toEqual([{ n: 0 }])
  })
})

describe("a host application's own data", () => {
  test('become connections once, and are only read', async () => {
    const url = await blank()
    for (const statement of statementsOf(HOST)) await sql(url, statement)
    const before = await sql(url, 'SELECT * FROM projects ORDER BY id')
    await runMigrations(url, migrationsFolder)
    const imported = await sql<Record<string, unknown>>(
      url,
      `SELECT provider, status, auth_method, external_account_name, external_account_id, metadata ->> 'imported_from' AS source
       FROM integration_connections ORDER BY provider, status`,
    )
    expect(imported).toEqual([
      {
        provider: 'github',
        status: 'connected',
        auth_method: 'oauth2',
        external_account_name: 'acme/shop',
        external_account_id: '77',
        source: 'projects.github',
      },
      {
        provider: 'github',
        status: 'disconnected',
        auth_method: 'oauth2',
        external_account_name: 'acme/old',
        external_account_id: null,
        source: 'projects.github',
      },
      {
        provider: 'supabase',
        status: 'connected',
        auth_method: 'oauth2_pkce',
        external_account_name: null,
        external_account_id: null,
        source: 'supabase_oauth_connections',
      },
    ])
    await sql(url, 'DELETE FROM wasl_migrations')
    await sql(
      url,
      'UPDATE projects SET github_sync_enabled = NOT github_sync_enabled WHERE github_repo_owner IS NOT NULL',
    )
    await runMigrations(url, migrationsFolder)
    expect(await sql(url, 'SELECT count(*)::int AS n FROM integration_connections')).toEqual([{ n: 3 }])
    await sql(
      url,
      'UPDATE projects SET github_sync_enabled = NOT github_sync_enabled WHERE github_repo_owner IS NOT NULL',
    )
    expect(await sql(url, 'SELECT * FROM projects ORDER BY id')).toEqual(before)
  })
})

async function rowsIn(url: string): Promise<void> {
  await sql(url, "INSERT INTO projects (name) VALUES ('p')")
  await sql(
    url,
    "INSERT INTO integration_connections (project_id, provider, alias) SELECT id, 'tabby', 'a' FROM projects",
  )
  await sql(
    url,
    "INSERT INTO integration_events (connection_id, project_id, provider, event_id) SELECT id, project_id, provider, 'e' FROM integration_connections",
  )
}

const OLDER = `
CREATE TYPE integration_provider_type AS ENUM ('github', 'supabase');
CREATE TYPE integration_connection_status AS ENUM ('pending', 'connected');
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
INSERT INTO projects (name) VALUES ('old');
CREATE TABLE integration_connections (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE, provider integration_provider_type NOT NULL, status integration_connection_status, alias text, UNIQUE (project_id, provider));
CREATE UNIQUE INDEX old_alias ON integration_connections (project_id, provider, coalesce(alias, ''));
CREATE TABLE integration_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), connection_id uuid NOT NULL REFERENCES integration_connections (id) ON DELETE CASCADE, provider integration_provider_type NOT NULL, payload jsonb NOT NULL);
CREATE TABLE integration_metrics_hourly (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), provider integration_provider_type NOT NULL, hour timestamptz NOT NULL, UNIQUE (provider, hour));
INSERT INTO integration_connections (project_id, provider, status) SELECT id, 'github', 'connected' FROM projects;
INSERT INTO integration_events (connection_id, provider, payload) SELECT id, provider, '{"kept": true}' FROM integration_connections;
`

const HOST = `
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid, github_repo_owner text, github_repo_name text, github_branch text, github_sync_mode text, github_sync_enabled boolean, github_installation_id bigint, github_webhook_secret text, last_github_sync_at timestamptz);
CREATE TABLE supabase_oauth_connections (user_id uuid, access_token_encrypted text, refresh_token_encrypted text, token_expires_at timestamptz, discovery_data jsonb, connection_status text, created_at timestamptz);
INSERT INTO projects (user_id, github_repo_owner, github_repo_name, github_sync_enabled, github_installation_id) VALUES ('00000000-0000-0000-0000-000000000001', 'acme', 'shop', true, 77), (NULL, 'acme', 'old', false, NULL), (NULL, NULL, NULL, NULL, NULL);
INSERT INTO supabase_oauth_connections VALUES ('00000000-0000-0000-0000-000000000001', 'cipher', 'cipher2', now(), '{}', 'active', now()), ('00000000-0000-0000-0000-000000000001', 'x', 'y', now(), '{}', 'revoked', now());
`
