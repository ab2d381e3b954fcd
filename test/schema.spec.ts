import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase } from './support/database.ts'
import { schemaDump } from './support/schema-dump.ts'

const file = join(import.meta.dirname, 'schema.sql')
const HEAD = '-- What all migrations make. Written anew by: UPDATE=1 npm test -- test/schema.spec.ts\n\n'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

/** A migration's effect shows in review: whoever changes one, writes `test/schema.sql` anew. */
test('the migrations make what test/schema.sql says', async () => {
  const made = HEAD + (await schemaDump(database.url))
  if (process.env.UPDATE) writeFileSync(file, made)
  expect(made).toBe(readFileSync(file, 'utf8'))
})
