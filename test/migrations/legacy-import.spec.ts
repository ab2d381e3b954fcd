import { runMigrations } from '@app/database'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { statementsOf } from '../../libs/database/src/migrations/statements.ts'
import { migrationsFolder, sql } from '../support/database.ts'
import { blankDatabases, inOneSession } from '../support/migrations.ts'

const USER = '00000000-0000-0000-0000-000000000001'
const OTHER = '00000000-0000-0000-0000-000000000002'
const PROJECTS = `CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text, user_id uuid, github_repo_owner text,
  github_repo_name text, github_branch text, github_sync_mode text, github_sync_enabled boolean, github_installation_id bigint,
  github_webhook_secret text, last_github_sync_at timestamptz);`
const SUPABASE = `CREATE TABLE supabase_oauth_connections (user_id uuid, access_token_encrypted text, refresh_token_encrypted text,
  token_expires_at timestamptz, discovery_data jsonb, connection_status text, created_at timestamptz);`
const ROWS = `
INSERT INTO projects VALUES
  (gen_random_uuid(), 'on', '${USER}', 'acme', 'shop', 'main', 'push', true, 77, 'ciphertext', '2024-01-02Z'),
  (gen_random_uuid(), 'off', NULL, 'acme', 'old', NULL, NULL, false, NULL, NULL, NULL),
  (gen_random_uuid(), 'unsaid', NULL, 'acme', 'new', NULL, NULL, NULL, NULL, NULL, NULL),
  (gen_random_uuid(), 'no owner', '${USER}', NULL, NULL, NULL, NULL, true, NULL, NULL, NULL),
  (gen_random_uuid(), 'empty owner', NULL, '', '', NULL, NULL, true, NULL, NULL, NULL);
INSERT INTO supabase_oauth_connections VALUES
  ('${USER}', 'cipher', 'cipher2', '2030-01-01Z', '{"region": "me"}', 'active', '2024-01-01Z'),
  ('${USER}', 'twin', 'twin2', NULL, NULL, 'active', '2024-01-01Z'),
  ('${USER}', 'x', 'y', now(), '{}', 'revoked', now()),
  ('${OTHER}', 'of a user without projects', 'y', now(), '{}', 'active', now());`

const blank = blankDatabases()
afterAll(() => blank.drop())

const again = async (url: string): Promise<void> => {
  await sql(url, 'DELETE FROM wasl_migrations')
  await runMigrations(url, migrationsFolder)
}
const imported = (url: string): Promise<Record<string, unknown>[]> =>
  sql(
    url,
    'SELECT to_jsonb(c) AS row, p.title FROM integration_connections c JOIN projects p ON p.id = c.project_id ORDER BY provider, title, access_token_encrypted',
  )

describe("a host application's own data", () => {
  let url: string
  let source: unknown
  beforeAll(async () => {
    url = await blank.url()
    await inOneSession(url, statementsOf(PROJECTS + SUPABASE + ROWS))
    source = await sources()
    await runMigrations(url, migrationsFolder)
  })
  const sources = async (): Promise<unknown> => [
    await sql(url, 'SELECT * FROM projects ORDER BY title'),
    await sql(url, 'SELECT * FROM supabase_oauth_connections ORDER BY access_token_encrypted'),
    await sql(
      url,
      "SELECT attrelid::regclass::text, attname, atttypid::regtype::text FROM pg_attribute WHERE attrelid IN ('projects'::regclass, 'supabase_oauth_connections'::regclass) ORDER BY 1, 2",
    ),
  ]

  test('is only read', async () => {
    expect(await sources()).toEqual(source)
  })

  test('github: each row with an owner is one connection', async () => {
    const rows = (await imported(url)).filter(
      ({ row }) => (row as { provider: string }).provider === 'github',
    )
    expect(rows).toMatchObject([
      {
        title: 'off',
        row: { status: 'disconnected', external_account_name: 'acme/old', external_account_id: null },
      },
      {
        title: 'on',
        row: {
          status: 'connected',
          auth_method: 'oauth2',
          environment: 'prod',
          credentials: null,
          external_account_name: 'acme/shop',
          external_account_id: '77',
          webhook_secret_encrypted: 'ciphertext',
          last_sync_at: '2024-01-02T00:00:00+00:00',
          metadata: {
            imported_from: 'projects.github',
            branch: 'main',
            sync_mode: 'push',
            sync_enabled: true,
          },
        },
      },
      { title: 'unsaid', row: { status: 'disconnected', external_account_name: 'acme/new' } },
    ])
  })

  test("supabase: each active row is a connection of each of that user's projects", async () => {
    const rows = (await imported(url)).filter(
      ({ row }) => (row as { provider: string }).provider === 'supabase',
    )
    const one = {
      status: 'connected',
      auth_method: 'oauth2_pkce',
      access_token_encrypted: 'cipher',
      refresh_token_encrypted: 'cipher2',
      token_expires_at: '2030-01-01T00:00:00+00:00',
      connected_at: '2024-01-01T00:00:00+00:00',
      credentials: null,
      metadata: { imported_from: 'supabase_oauth_connections', discovery_data: { region: 'me' } },
    }
    expect(rows).toMatchObject([
      { title: 'no owner', row: one },
      { title: 'no owner', row: { access_token_encrypted: 'twin' } },
      { title: 'on', row: one },
      { title: 'on', row: { access_token_encrypted: 'twin' } },
    ])
  })

  test('comes once, and no later change of the source is followed', async () => {
    const before = await imported(url)
    await again(url)
    expect(await imported(url)).toEqual(before)
    await sql(
      url,
      "UPDATE projects SET github_sync_enabled = NOT github_sync_enabled, github_repo_name = 'renamed'",
    )
    await sql(
      url,
      "UPDATE supabase_oauth_connections SET access_token_encrypted = 'later', discovery_data = NULL",
    )
    await again(url)
    expect(await imported(url)).toEqual(before)
    await sql(
      url,
      "UPDATE integration_connections SET status = 'suspended', alias = id::text, config = '{\"a\": 1}'",
    )
    const changed = await imported(url)
    await again(url)
    expect(await imported(url)).toEqual(changed)
  })
})

test.each([
  ['a github column is missing', PROJECTS.replace('github_branch text, ', '') + SUPABASE],
  ['projects have no user', PROJECTS.replace('user_id uuid, ', '') + SUPABASE],
  ['the supabase table is another', PROJECTS + SUPABASE.replace('discovery_data', 'other')],
])('where %s, that source is left alone', async (_, tables) => {
  const url = await blank.url()
  await inOneSession(url, statementsOf(tables))
  await sql(url, "INSERT INTO supabase_oauth_connections (connection_status) VALUES ('active')")
  await sql(
    url,
    "INSERT INTO projects (github_repo_owner, github_repo_name, github_sync_enabled) VALUES ('a', 'b', true)",
  )
  await runMigrations(url, migrationsFolder)
  const providers = (
    await sql<{ provider: string }>(url, 'SELECT provider FROM integration_connections')
  ).map(({ provider }) => provider)
  expect(providers).toEqual(tables.includes('github_branch') ? ['github'] : [])
})

test('where the host names its users by text and its states by an enum, it is imported all the same', async () => {
  const url = await blank.url()
  await inOneSession(
    url,
    statementsOf(
      `CREATE TYPE link_state AS ENUM ('active', 'revoked');
       CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id text);` +
        SUPABASE.replace('connection_status text', 'connection_status link_state'),
    ),
  )
  await sql(url, `INSERT INTO projects (user_id) VALUES ('${USER}')`)
  await sql(
    url,
    `INSERT INTO supabase_oauth_connections (user_id, connection_status) VALUES ('${USER}', 'active')`,
  )
  await runMigrations(url, migrationsFolder)
  expect(await sql(url, 'SELECT provider FROM integration_connections')).toEqual([{ provider: 'supabase' }])
})
