import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrationFiles } from '@app/database'
import pg from 'pg'
import { type FreshDatabase, freshDatabase, migrationsFolder, sql } from './database.ts'

export const fileNames = migrationFiles(migrationsFolder).map(({ name }) => name)
export const pathOf = (name: string): string => join(migrationsFolder, name)
export const file074 = '074_unified_integration_platform_mena.sql'

/** Blank databases for one test file; all of them go at its end. */
export function blankDatabases() {
  const made: FreshDatabase[] = []
  return {
    async url(): Promise<string> {
      const database = await freshDatabase('blank')
      made.push(database)
      return database.url
    },
    async drop(): Promise<void> {
      for (const database of made) await database.drop()
    },
  }
}

export function rollBackOf(name: string): string {
  const [, block] = /\/\*([\s\S]*)\*\//.exec(readFileSync(pathOf(name), 'utf8')) ?? []
  if (block === undefined) throw new Error(`${name} has no roll-back block`)
  return block
}

/** Statements in one session. */
export async function inOneSession(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

export const hasPsql = ((): boolean => {
  try {
    execFileSync('psql', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

export interface Said {
  code: number | null
  out: string
  errors: string
}

/** psql as an operator calls it; `-X` keeps this machine's psqlrc out. */
export async function psql(url: string, ...args: string[]): Promise<Said> {
  const child = spawn('psql', ['-X', '-d', url, ...args], { cwd: join(migrationsFolder, '..') })
  let [out, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, out, errors }
}

/** Every row and column of every table but the list of migrations. */
export async function contentOf(url: string): Promise<Record<string, unknown[]>> {
  const tables = await sql<{ name: string }>(
    url,
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'wasl_migrations' ORDER BY 1",
  )
  const content: Record<string, unknown[]> = {}
  for (const { name } of tables) {
    const rows = await sql<{ row: unknown }>(
      url,
      `SELECT to_jsonb(t) AS row FROM ${name} t ORDER BY to_jsonb(t)::text`,
    )
    content[name] = rows.map(({ row }) => row)
  }
  return content
}

/** A row or more in every table, none of them with only defaults. */
export async function fill(url: string): Promise<void> {
  await sql(url, ROWS)
}

const ROWS = `
INSERT INTO projects (name) VALUES ('one'), ('two');
INSERT INTO integration_connections (project_id, provider, status, auth_method, environment, alias, credentials, token_expires_at, scopes,
  external_account_id, external_account_name, webhook_url, config, metadata, last_health_check, health_state, health_message, health_failures,
  health_response_time_ms, connected_at, disconnected_at, last_sync_at, expires_at, created_at, updated_at, access_token_encrypted,
  refresh_token_encrypted, webhook_secret_encrypted)
SELECT id, 'tabby', 'connected', 'api_key', 'staging', name, '{"v": 1}', now(), '{a,b}', 'acct', 'Acme', 'https://in.example', '{"c": 1}',
  '{"m": 1}', now(), 'degraded', 'slow', 2, 70, now(), now(), now(), now(), now() - interval '1 year', now() - interval '1 day', 'x', 'y', 'z' FROM projects;
INSERT INTO integration_connections (project_id, provider, status) SELECT id, 'tabby', 'disconnected' FROM projects;
INSERT INTO integration_events (connection_id, project_id, environment, provider, event_type, event_id, headers, raw_body_url, event_hash,
  signature, body_size, status, data, processed_at, processing_duration_ms, error_message, error_details, retry_count, max_retries,
  next_retry_at, source_ip, user_agent, created_at, updated_at)
SELECT id, project_id, environment, provider, 'payment.captured', 'e1', '{"h": "1"}', 'segment#offset=0&length=9', repeat('a', 64), 'sig', 9,
  'retrying', '{"d": 1}', now(), 12, 'oops', '{"e": 1}', 3, 9, now(), '192.0.2.1', 'agent', now() - interval '1 year', now() - interval '1 day'
FROM integration_connections;
INSERT INTO webhook_access_logs (event_id, accessed_by, access_reason, ip_address, accessed_at)
SELECT id, 'key_1', 'ticket 7', '192.0.2.7', now() - interval '1 day' FROM integration_events;
INSERT INTO integration_webhook_configs (connection_id, webhook_id, endpoint_url, events, is_active, signing_secret, verification_method, metadata)
SELECT id, 'wh', 'https://in.example/1', '{a}', false, '{"v": 1}', 'hmac', '{"m": 1}' FROM integration_connections;
INSERT INTO integration_oauth_states (state, project_id, provider, redirect_uri, code_verifier, metadata)
SELECT id::text, id, 'github', 'https://in.example/cb', 'sealed', '{"m": 1}' FROM projects;
INSERT INTO integration_api_logs (connection_id, project_id, environment, provider, method, endpoint, request_headers, request_body,
  response_status, response_headers, response_body, response_time_ms, error_message, is_error, rate_limit_remaining, rate_limit_reset_at)
SELECT id, project_id, environment, provider, 'POST', '/charges', '{}', 'b', 500, '{}', 'r', 7, 'oops', true, 3, now() FROM integration_connections;
SELECT record_integration_metric('tabby', 'response_time_ms', 70, id), record_integration_metric('tabby', 'api_calls_total', 7) FROM integration_connections;
INSERT INTO project_settings (project_id, country, data_residency) SELECT id, 'SA', '{me-south-1}' FROM projects;
INSERT INTO api_keys (id, project_id, scopes, key_hash) SELECT id::text, id, '{read}', sha256('k') FROM projects;
INSERT INTO webhook_addresses (key_hash, connection_id) SELECT sha256(id::text::bytea), id FROM integration_connections;
INSERT INTO webhook_quarantine (project_id, environment, connection_id, provider, reason, raw_body_url, body_size, body_hash)
SELECT project_id, environment, id, provider, 'signature', 'q/1', 3, repeat('b', 64) FROM integration_connections;
INSERT INTO audit_log (actor, action, subject) VALUES ('key_1', 'connection.created', 'c');
UPDATE integration_connections SET next_health_check = now();
INSERT INTO connection_health_changes (project_id, environment, connection_id, from_state, to_state, event_type, message)
SELECT project_id, environment, id, 'healthy', 'degraded', 'connection.degraded', 'provider_error' FROM integration_connections;
INSERT INTO body_keys (project_id, wrapped_key) SELECT id, '{"v": 1}' FROM projects;
INSERT INTO event_references (project_id, reference, connection_id, event_id) SELECT project_id, 'chg_1', connection_id, id FROM integration_events WHERE project_id IS NOT NULL;
INSERT INTO event_attempts (event_id, project_id, kind, attempt, code) SELECT id, project_id, 'failed', 1, 'worker_lost' FROM integration_events WHERE project_id IS NOT NULL;
INSERT INTO event_replays (project_id, requested_by, until_event_id) SELECT id, 'admin', id FROM projects;
INSERT INTO outgoing_events (id, project_id, environment, type, subject, occurred_at, data)
SELECT gen_random_uuid(), id, 'dev', 'code.pushed', 's', now(), '{}' FROM projects;
INSERT INTO destinations (project_id, url, secrets) SELECT id, 'https://app.example/hooks', '{"v": 1}' FROM projects;
INSERT INTO destination_deliveries (project_id, environment, destination_id, outgoing_event_id)
SELECT d.project_id, 'dev', d.id, e.id FROM destinations d JOIN outgoing_events e USING (project_id);
INSERT INTO delivery_attempts (delivery_id, project_id, attempt, outcome, duration_ms) SELECT id, project_id, 1, 'http_500', 5 FROM destination_deliveries;
INSERT INTO idempotency_keys (project_id, environment, route, key_hash, body_hash, status, response_status, response, expires_at)
SELECT id, 'dev', 'POST /v1/projects/:p/payments', sha256('k'), sha256('b'), 'done', 201, '{"v": 1}', now() FROM projects;
INSERT INTO webhook_gap_checks (connection_id, checked_until, found) SELECT id, now() - interval '1 hour', 3 FROM integration_connections;
INSERT INTO webhook_registrations (connection_id, project_id, environment, state, reason, checked_at, tried_at)
SELECT id, project_id, environment, 'unknown', 'not_allowed', now(), now() FROM integration_connections;
INSERT INTO metric_writers (id, last_flush) SELECT id, 7 FROM projects;
UPDATE integration_providers SET is_active = false, icon_url = 'https://icons.example/tabby.svg', sort_order = 1 WHERE provider = 'tabby';
UPDATE integration_providers SET is_active = true, sort_order = 2 WHERE provider = 'stripe';
`
