import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.ts'
import { Catalogue } from './catalogue.ts'
import { providerSchema } from './provider.schema.ts'

let fresh: FreshDatabase
let database: Database
let catalogue: Catalogue

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url, [providerSchema])
  catalogue = new Catalogue(database)
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

test('every row, MENA first; lists are lists, also those of enumerated types', async () => {
  const all = await catalogue.providers({})
  const firstOther = all.findIndex(({ is_mena_provider: mena }) => !mena)
  expect(firstOther).toBeGreaterThan(0)
  expect(all.slice(firstOther).some(({ is_mena_provider: mena }) => mena)).toBe(false)
  for (const { auth_methods: methods, payment_capabilities: capabilities } of all)
    expect([Array.isArray(methods), Array.isArray(capabilities)]).toEqual([true, true])
  expect(await catalogue.provider('vercel')).toMatchObject({ auth_methods: ['oauth2', 'api_key'] })
})

test('a name that the database has never heard of is nobody', async () => {
  expect(await catalogue.provider('nobody')).toBeNull()
})
