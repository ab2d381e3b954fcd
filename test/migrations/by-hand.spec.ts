import { readFileSync } from 'node:fs'
import { runMigrations } from '@app/database'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { migrationsFolder, sql } from '../support/database.ts'
import {
  blankDatabases,
  contentOf,
  file074,
  fileNames,
  fill,
  hasPsql,
  inOneSession,
  pathOf,
  psql,
  type Said,
} from '../support/migrations.ts'
import { schemaDump } from '../support/schema-dump.ts'

const blank = blankDatabases()
let shape: string

beforeAll(async () => {
  const url = await blank.url()
  await runMigrations(url, migrationsFolder)
  shape = await schemaDump(url)
})
afterAll(() => blank.drop())

const strictly = (url: string, name: string): Promise<Said> =>
  psql(url, '-v', 'ON_ERROR_STOP=1', '-f', pathOf(name))

/** Exit 0, and not a word but that something is there already. */
function expectQuiet({ code, errors }: Said): void {
  const loud = errors.split('\n').filter((line) => line && !/NOTICE:.* already exists, skipping$/.test(line))
  expect({ code, loud }).toEqual({ code: 0, loud: [] })
}

const withPsql = hasPsql ? describe : describe.skip
withPsql(
  `by psql${hasPsql ? '' : ' (SKIPPED: there is no psql on this machine; the driver stands in below)'}`,
  () => {
    test('the two documented commands work verbatim on a blank database', async () => {
      const url = await blank.url()
      const migrated = await psql(url, '-f', 'migrations/074_unified_integration_platform_mena.sql')
      expectQuiet(migrated)
      const listed = await psql(
        url,
        '-c',
        'SELECT provider, name, is_mena_provider FROM integration_providers ORDER BY is_mena_provider DESC, provider;',
      )
      expectQuiet(listed)
      const rows = listed.out.split('\n').filter((line) => line.includes('|'))
      expect(rows[1]).toMatch(/^ tap_payments +\| Tap Payments +\| t$/)
      expect(rows).toHaveLength(50)
      expect(rows.slice(1, 14).every((row) => row.endsWith('| t'))).toBe(true)
      expect(rows.slice(14).every((row) => row.endsWith('| f'))).toBe(true)
    })

    test('every file, twice, over rows: quiet, and the schema that the platform makes', async () => {
      const url = await blank.url()
      for (const name of fileNames) expectQuiet(await strictly(url, name))
      expect(await schemaDump(url)).toBe(shape)
      await fill(url)
      const before = await contentOf(url)
      for (const name of fileNames) expectQuiet(await strictly(url, name))
      expect(await schemaDump(url)).toBe(shape)
      expect(await contentOf(url)).toEqual(before)
      expect(await runMigrations(url, migrationsFolder)).toEqual(fileNames)
      expect(await contentOf(url)).toEqual(before)
    })

    test('four psql and four replicas at once', async () => {
      const url = await blank.url()
      const said = await Promise.all([
        ...Array.from({ length: 4 }, () => strictly(url, file074)),
        ...Array.from({ length: 4 }, () => runMigrations(url, migrationsFolder).then(() => null)),
      ])
      for (const one of said) if (one) expectQuiet(one)
      expect(await schemaDump(url)).toBe(shape)
    })

    test('as an owner of the database who may make no roles', async () => {
      const url = await blank.url()
      const database = new URL(url).pathname.slice(1)
      const theirs = new URL(url)
      theirs.username = `owner_${database}`
      theirs.password = 'x'
      await sql(url, `CREATE ROLE ${theirs.username} LOGIN PASSWORD 'x'`)
      try {
        await sql(url, `ALTER DATABASE ${database} OWNER TO ${theirs.username}`)
        for (const name of fileNames) expectQuiet(await strictly(theirs.href, name))
        for (const name of fileNames) expectQuiet(await strictly(theirs.href, name))
      } finally {
        await sql(url, `ALTER DATABASE ${database} OWNER TO CURRENT_USER`)
        await sql(url, `DROP OWNED BY ${theirs.username}`)
        await sql(url, `DROP ROLE ${theirs.username}`)
      }
    })
  },
)

test('each file as one string of the simple protocol, which is one transaction', async () => {
  const url = await blank.url()
  const files = fileNames.map((name) => readFileSync(pathOf(name), 'utf8'))
  await inOneSession(url, [...files, ...files])
  expect(await schemaDump(url)).toBe(shape)
})
