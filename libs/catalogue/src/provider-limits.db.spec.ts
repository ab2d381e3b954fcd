import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { type CallAbout, Egress, EgressRoutes, type LimitOf } from '@app/egress'
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.ts'
import { ProviderLimits } from './provider-limits.ts'

let fresh: FreshDatabase
let database: Database
let limits: ProviderLimits
let limitOf: LimitOf

beforeAll(async () => {
  fresh = await freshDatabase('migrated')
  database = await Database.connect(fresh.url)
  const egress = new Egress({ allowed: [], routes: new EgressRoutes(false) })
  egress.paceBy = (given) => {
    limitOf = given
  }
  limits = new ProviderLimits(database, egress)
  await limits.onModuleInit()
})
afterAll(async () => {
  limits.onApplicationShutdown()
  await database.close()
  await fresh.drop()
})

const of = (provider?: string): ReturnType<LimitOf> =>
  limitOf((provider ? { provider } : {}) satisfies CallAbout)
const change = (value: unknown): Promise<unknown> =>
  database.query("UPDATE integration_providers SET rate_limits = $1 WHERE provider = 'github'", [
    JSON.stringify(value),
  ])

test('the limits of the registry reach egress, and only those', () => {
  expect([of('github'), of('supabase'), of('tap_payments'), of()]).toEqual([
    { requests: 5_000, perSeconds: 3_600 },
    { requests: 60, perSeconds: 60 },
    undefined,
    undefined,
  ])
})

test('what did not change stays the same object; what did is another one', async () => {
  const before = of('github')
  await limits.read()
  expect(of('github')).toBe(before)
  await change({ requests: 10, per_seconds: 1, burst: 3 })
  await limits.read()
  expect(of('github')).toEqual({ requests: 10, perSeconds: 1, burst: 3 })
})

test.each([{}, { requests: 0, per_seconds: 1 }, { requests: '10', per_seconds: 1 }, [], { requests: 5 }])(
  '%j is no limit',
  async (value) => {
    await change(value)
    await limits.read()
    expect(of('github')).toBeUndefined()
  },
)
