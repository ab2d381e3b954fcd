import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMigrations } from '@app/database'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { statementsOf } from '../../libs/database/src/migrations/statements.ts'
import { migrationsFolder, sql } from '../support/database.ts'
import { blankDatabases, contentOf, fileNames, fill, pathOf } from '../support/migrations.ts'
import { schemaDump } from '../support/schema-dump.ts'

const REGISTRY =
  "SELECT to_jsonb(p) - '{id,created_at,updated_at}'::text[] AS row FROM integration_providers p ORDER BY provider"

const blank = blankDatabases()
let whole: string
let shape: string
let registry: unknown

beforeAll(async () => {
  whole = await blank.url()
  await runMigrations(whole, migrationsFolder)
  shape = await schemaDump(whole)
  registry = await registryOf(whole)
})
afterAll(() => blank.drop())

test('on a blank database all of them, then nothing more', async () => {
  const url = await blank.url()
  expect(await runMigrations(url, migrationsFolder)).toEqual(fileNames)
  expect(await runMigrations(url, migrationsFolder)).toEqual([])
})

test('all of them again, over rows: not a row, a value, or a constraint is another', async () => {
  const url = await blank.url()
  await runMigrations(url, migrationsFolder)
  await fill(url)
  const before = await contentOf(url)
  for (const [table, rows] of Object.entries(before)) expect({ table, rows }).not.toEqual({ table, rows: [] })
  for (let run = 0; run < 2; run++) {
    await sql(url, 'DELETE FROM wasl_migrations')
    expect(await runMigrations(url, migrationsFolder)).toEqual(fileNames)
    expect(await contentOf(url)).toEqual(before)
    expect(await schemaDump(url)).toBe(shape)
  }
})

test('a second run alters no default and rewrites no policy: it would lock what is in use', async () => {
  const url = await blank.url()
  await runMigrations(url, migrationsFolder)
  const objects = () =>
    sql(
      url,
      "SELECT 'default ' || oid AS object, xmin::text FROM pg_attrdef UNION ALL SELECT 'policy ' || oid, xmin::text FROM pg_policy UNION ALL SELECT 'constraint ' || oid, xmin::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    )
  const before = await objects()
  await sql(url, 'DELETE FROM wasl_migrations')
  await runMigrations(url, migrationsFolder)
  expect((await objects()).filter((row, n) => JSON.stringify(row) !== JSON.stringify(before[n]))).toEqual([])
})

test.each(fileNames)('%s alone again sets nothing back that a later one has made', async (name) => {
  const url = await blank.url()
  await runMigrations(url, migrationsFolder)
  const before = await contentOf(url)
  for (const statement of statementsOf(readFileSync(pathOf(name), 'utf8'))) await sql(url, statement)
  expect(await contentOf(url)).toEqual(before)
  expect(await schemaDump(url)).toBe(shape)
})

test('eight at once: one does the work', async () => {
  const url = await blank.url()
  const ran = await Promise.all(Array.from({ length: 8 }, () => runMigrations(url, migrationsFolder)))
  expect(ran.filter((files) => files.length > 0)).toEqual([fileNames])
  expect(await schemaDump(url)).toBe(shape)
})

test('under a role with short time-outs they still wait for each other', async () => {
  const url = await blank.url()
  const role = `impatient_${new URL(url).pathname.slice(1)}`
  await sql(url, `CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'x' `)
  try {
    await sql(url, `ALTER ROLE ${role} SET lock_timeout = '1ms'`)
    await sql(url, `ALTER ROLE ${role} SET statement_timeout = '100ms'`)
    const theirs = new URL(url)
    theirs.username = role
    theirs.password = 'x'
    await Promise.all(Array.from({ length: 4 }, () => runMigrations(theirs.href, migrationsFolder)))
    expect(await schemaDump(url)).toBe(shape)
  } finally {
    await sql(url, `REASSIGN OWNED BY ${role} TO CURRENT_USER`)
    await sql(url, `DROP OWNED BY ${role}`)
    await sql(url, `DROP ROLE ${role}`)
  }
})

describe('killed', () => {
  const statements = fileNames.flatMap((name) => statementsOf(readFileSync(pathOf(name), 'utf8')))

  // One database goes forward statement by statement; behind each of them a whole run is tried and rolled back.
  test('behind any statement, the next run ends the same', async () => {
    const client = new pg.Client({ connectionString: await blank.url() })
    await client.connect()
    try {
      for (const [at, statement] of statements.entries()) {
        await client.query('BEGIN')
        for (const again of statements) await client.query(again)
        expect({ at, shape: await schemaDump(client) }).toEqual({ at, shape })
        expect({ at, registry: (await client.query(REGISTRY)).rows }).toEqual({ at, registry })
        await client.query('ROLLBACK')
        await client.query(statement)
      }
    } finally {
      await client.end()
    }
  }, 120_000)

  test('by the server, in the midst of its work, again and again', async () => {
    const url = await blank.url()
    const outcomes: string[] = []
    for (let kills = 0; kills < 12; kills++) {
      const run = runMigrations(url, migrationsFolder).then(
        () => 'done',
        () => 'killed',
      )
      await sql(
        url,
        `DO $$ BEGIN
           FOR i IN 1 .. 500 LOOP
             PERFORM pg_stat_clear_snapshot();
             PERFORM pg_terminate_backend(pid, 1000) FROM pg_stat_activity
               WHERE application_name = 'wasl-migrations' AND datname = current_database();
             EXIT WHEN FOUND;
             PERFORM pg_sleep(0.001 * ${kills});
           END LOOP;
         END $$`,
      )
      outcomes.push(await run)
      await sql(url, "DELETE FROM wasl_migrations WHERE to_regclass('wasl_migrations') IS NOT NULL").catch(
        () => undefined,
      )
    }
    expect(outcomes).toContain('killed')
    await runMigrations(url, migrationsFolder)
    expect(await schemaDump(url)).toBe(shape)
    expect(await registryOf(url)).toEqual(registry)
  })
})

test('behind a lock it tries again, gives up in time, and is whole when the lock is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-migrations-'))
  cpSync(migrationsFolder, folder, { recursive: true })
  for (const name of fileNames) {
    const text = readFileSync(join(folder, name), 'utf8')
    expect(text).toContain("SET lock_timeout = '2s';")
    writeFileSync(join(folder, name), text.replace("SET lock_timeout = '2s'", "SET lock_timeout = '50ms'"))
  }
  const url = await blank.url()
  await runMigrations(url, migrationsFolder)
  await fill(url)
  const before = await contentOf(url)
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  try {
    await holder.query('BEGIN; LOCK TABLE integration_events IN SHARE MODE')
    await expect(runMigrations(url, folder, { tries: 2, pauseMs: 1 })).rejects.toThrow(
      /074[\s\S]*lock timeout/,
    )
    const patient = runMigrations(url, folder, { tries: 10_000, pauseMs: 1 })
    await holder.query('ROLLBACK')
    expect(await patient).toEqual(fileNames)
    expect(await schemaDump(url)).toBe(shape)
    expect(await contentOf(url)).toEqual(before)
  } finally {
    await holder.end()
    rmSync(folder, { recursive: true })
  }
})

test('a file that fails is named, with the statement, and is tried again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-migrations-'))
  const url = await blank.url()
  try {
    writeFileSync(join(folder, '001_one.sql'), 'CREATE TABLE one (n int);\nSELECT 1 / 0;')
    await expect(runMigrations(url, folder)).rejects.toThrow(/001_one\.sql.*SELECT 1 \/ 0/)
    writeFileSync(join(folder, '001_one.sql'), 'CREATE TABLE IF NOT EXISTS one (n int);')
    expect(await runMigrations(url, folder)).toEqual(['001_one.sql'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function registryOf(url: string): Promise<unknown> {
  return sql(url, REGISTRY)
}
