import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freshDatabase, type FreshDatabase, sql } from '../../../test/support/database.ts'
import { connectors } from './index.ts'

let database: FreshDatabase
beforeAll(async () => (database = await freshDatabase()))
afterAll(() => database.drop())

test.each(connectors.map(({ manifest }) => [manifest.id, manifest] as const))(
  '%s says of itself what the registry says; a new one needs its migration (migrations/README.md)',
  async (id, { name, category, mena, lifecycle, docs, authMethod }) => {
    const rows = await sql(
      database.url,
      `SELECT name, name_ar, category, is_mena_provider, lifecycle, documentation_url, auth_methods::text[]
       FROM integration_providers WHERE provider::text = $1`,
      [id],
    )
    expect(rows).toEqual([
      {
        name: name.en,
        name_ar: name.ar,
        category,
        is_mena_provider: mena,
        lifecycle,
        documentation_url: docs,
        auth_methods: expect.arrayContaining([authMethod]),
      },
    ])
  },
)
