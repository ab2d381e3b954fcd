import { createHash, randomUUID } from 'node:crypto'
import { projectRoot } from '@app/config'
import { migrationFiles, runMigrations } from '@app/database'
import { join } from 'node:path'
import pg from 'pg'

export interface FreshDatabase {
  url: string
  drop(): Promise<void>
}

export const migrationsFolder = join(projectRoot(), 'migrations')

/** A database of its own for one test file: `blank`, or cloned from a template that all migrations have run on. */
export async function freshDatabase(kind: 'blank' | 'migrated' = 'migrated'): Promise<FreshDatabase> {
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const template = kind === 'migrated' ? await migratedTemplate() : 'template0'
  await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`))
  return {
    url: urlOf(name),
    drop: async () => {
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
  }
}

/** One client for a few statements. */
export async function sql<T extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<T>(text, values)
    return rows
  } finally {
    await client.end()
  }
}

const TEMPLATE_LOCK = 51

async function migratedTemplate(): Promise<string> {
  const checksums = migrationFiles(migrationsFolder).map(({ checksum }) => checksum)
  const name = `template_${createHash('sha256').update(checksums.join()).digest('hex').slice(0, 16)}`
  await onServer(async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK])
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rowCount) return
    await client.query(`CREATE DATABASE ${name}_draft TEMPLATE template0`)
    await runMigrations(urlOf(`${name}_draft`), migrationsFolder)
    await client.query(`ALTER DATABASE ${name}_draft RENAME TO ${name}`)
  })
  return name
}

function urlOf(database: string): string {
  const url = new URL(process.env.TEST_DATABASE_URL ?? '')
  url.pathname = `/${database}`
  return url.href
}

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOf('postgres') })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** How many rows each table has: what a refused request must leave as it was. */
export async function rowCounts(url: string): Promise<Record<string, number>> {
  const tables = await sql<{ name: string }>(
    url,
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  )
  const counts = tables.map(({ name }) => `SELECT '${name}' AS name, count(*)::int AS n FROM ${name}`)
  const rows = await sql<{ name: string; n: number }>(url, counts.join(' UNION ALL '))
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}
