import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { statementsOf } from './statements.ts'

/** The advisory lock that every migration file takes by itself too, so that psql and replicas do not race. */
export const MIGRATION_LOCK = 7_415_307_400

export interface MigrationFile {
  name: string
  sql: string
  checksum: string
}

export function migrationFiles(folder: string): MigrationFile[] {
  return readdirSync(folder)
    .filter((name) => /^\d{3}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

/** How often, and after which pause, a statement is tried that found its table locked. */
export interface Patience {
  tries: number
  pauseMs: number
}

/**
 * Runs what has not run yet, statement by statement in autocommit (a new enum value must be committed before a row
 * uses it). Every file is idempotent: one that was killed halfway, changed, or run by psql is simply run again.
 */
export async function runMigrations(
  url: string,
  folder: string,
  patience: Patience = { tries: 30, pauseMs: 1_000 },
): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'wasl-migrations' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Another replica's run may take its time, whatever time-outs the role was given.
    await client.query('SET lock_timeout = 0; SET statement_timeout = 0')
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    await client.query(`CREATE TABLE IF NOT EXISTS wasl_migrations (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`)
    const { rows } = await client.query<{ name: string; checksum: string }>(
      'SELECT name, checksum FROM wasl_migrations',
    )
    const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]))
    const due = migrationFiles(folder).filter(({ name, checksum }) => applied.get(name) !== checksum)
    for (const file of due) await runFile(client, file, patience)
    return due.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

async function runFile(client: pg.Client, file: MigrationFile, patience: Patience): Promise<void> {
  for (const statement of statementsOf(file.sql)) {
    try {
      await patiently(patience, () => client.query(statement))
    } catch (error) {
      throw new Error(`Migration ${file.name} failed at: ${statement.slice(0, 160)}\n${String(error)}`, {
        cause: error,
      })
    }
  }
  await client.query('RESET ALL')
  await client.query(
    `INSERT INTO wasl_migrations (name, checksum) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()`,
    [file.name, file.checksum],
  )
}

const LOCKED = ['55P03', '40P01'] // lock_not_available, deadlock_detected

/**
 * A file's lock_timeout is short, because deliveries queue up behind a statement that waits for its table. Between two
 * tries they go through; a statement that failed has changed nothing.
 */
async function patiently({ tries, pauseMs }: Patience, run: () => Promise<unknown>): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      await run()
      return
    } catch (error) {
      if (left <= 1 || !(error instanceof pg.DatabaseError) || !LOCKED.includes(error.code ?? '')) throw error
      await pause(pauseMs)
    }
  }
}
