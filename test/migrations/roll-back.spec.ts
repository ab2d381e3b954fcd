import { readFileSync } from 'node:fs'
import { runMigrations } from '@app/database'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { statementsOf } from '../../libs/database/src/migrations/statements.ts'
import { migrationsFolder, sql } from '../support/database.ts'
import {
  blankDatabases,
  contentOf,
  file074,
  fileNames,
  fill,
  inOneSession,
  pathOf,
  rollBackOf,
} from '../support/migrations.ts'
import { schemaDump } from '../support/schema-dump.ts'

const blank = blankDatabases()
afterAll(() => blank.drop())

const HOST = `
CREATE TYPE host_kind AS ENUM ('a');
CREATE TABLE projects (id uuid PRIMARY KEY, name text, kind host_kind);
CREATE TABLE host_orders (id int PRIMARY KEY, project_id uuid REFERENCES projects (id));
CREATE FUNCTION host_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'host');
INSERT INTO host_orders SELECT 1, id FROM projects;`

let url: string
let empty: string
let rows: unknown
beforeAll(async () => {
  url = await blank.url()
  await inOneSession(url, statementsOf(HOST))
  empty = await schemaDump(url)
  rows = await contentOf(url)
})

const rollBack = (name: string): Promise<void> => inOneSession(url, statementsOf(rollBackOf(name)))
const migrate = (name: string): Promise<void> =>
  inOneSession(url, statementsOf(readFileSync(pathOf(name), 'utf8')))

test('from the last file to the first: nothing of ours is left, all of the host is; then they run again', async () => {
  await runMigrations(url, migrationsFolder)
  const full = await schemaDump(url)
  for (const name of [...fileNames].reverse()) await rollBack(name)
  expect(await schemaDump(url)).toBe(empty)
  expect(await contentOf(url)).toEqual(rows)
  expect(await grantsToTenant()).toEqual([])
  await runMigrations(url, migrationsFolder)
  expect(await schemaDump(url)).toBe(full)
  for (const name of [...fileNames].reverse()) await rollBack(name)
})

test('each file alone takes away exactly what it has made', async () => {
  const before: string[] = []
  for (const name of fileNames) {
    before.push(await schemaDump(url))
    await migrate(name)
  }
  for (const name of [...fileNames].reverse()) {
    await rollBack(name)
    expect(await schemaDump(url)).toBe(before.pop())
  }
})

test('in the wrong order it refuses, and nothing has changed', async () => {
  await runMigrations(url, migrationsFolder)
  const full = await schemaDump(url)
  await expect(rollBack(file074)).rejects.toThrow('depend')
  expect(await schemaDump(url)).toBe(full)
  for (const name of [...fileNames].reverse()) await rollBack(name)
})

test('with the marks of the comment taken out, the file makes and removes', async () => {
  const text = readFileSync(pathOf(file074), 'utf8').replace(/^\/\*|\*\/$/gm, '')
  await inOneSession(url, statementsOf(text))
  expect(await schemaDump(url)).toBe(empty)
})

test('the minimal projects table of a blank database stays, with its rows', async () => {
  const own = await blank.url()
  await runMigrations(own, migrationsFolder)
  await fill(own)
  for (const name of [...fileNames].reverse()) await inOneSession(own, statementsOf(rollBackOf(name)))
  expect(Object.keys(await contentOf(own))).toEqual(['projects'])
  expect(await sql(own, 'SELECT count(*)::int AS n FROM projects')).toEqual([{ n: 2 }])
})

function grantsToTenant(): Promise<unknown[]> {
  return sql(
    url,
    "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee = 'wasl_tenant'::regrole UNION ALL SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a WHERE a.grantee = 'wasl_tenant'::regrole",
  )
}
