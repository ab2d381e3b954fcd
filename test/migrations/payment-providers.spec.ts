import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(database.url, text, values)
const who = async (capability: string | null, country?: string | null): Promise<string[]> => {
  const rows = await ask('SELECT * FROM get_payment_providers_by_capability($1, $2)', [
    capability,
    country ?? null,
  ])
  return rows.map(({ provider }) => provider as string)
}

test('is stable, and its country may be left out', async () => {
  expect(
    await ask(
      "SELECT provolatile, pronargdefaults FROM pg_proc WHERE oid = 'get_payment_providers_by_capability(text, text)'::regprocedure",
    ),
  ).toEqual([{ provolatile: 's', pronargdefaults: 1 }])
  const rows = await ask("SELECT provider FROM get_payment_providers_by_capability('mada')")
  expect(rows.map(({ provider }) => provider)).toEqual(['tap_payments', 'paymob', 'moyasar', 'paytabs'])
})

test.each([
  ['mada', 'SA', ['tap_payments', 'paymob', 'moyasar', 'paytabs']],
  ['knet', 'KW', ['tap_payments', 'paytabs']],
  ['benefit', 'BH', ['tap_payments']],
  ['omannet', 'OM', ['tap_payments', 'paymob', 'paytabs']],
  ['fawry', 'EG', ['paymob', 'paytabs']],
  ['valu', 'EG', ['paymob', 'paytabs']],
  ['bnpl', 'SA', ['tabby', 'tamara']],
  ['bnpl', 'EG', ['tabby']],
])('%s in %s is answered by those who take it there', async (capability, country, expected) => {
  expect(await who(capability, country)).toEqual(expected)
})

test('its rows say name, home, countries and currencies', async () => {
  expect(await ask("SELECT * FROM get_payment_providers_by_capability('benefit', 'BH')")).toMatchObject([
    {
      provider: 'tap_payments',
      name: 'Tap Payments',
      is_mena_provider: true,
      supported_countries: ['SA', 'AE', 'KW', 'BH', 'QA', 'OM', 'EG', 'JO', 'LB'],
      supported_currencies: expect.arrayContaining(['BHD']),
    },
  ])
})

test('a country is one in any case', async () => {
  expect(await who('mada', 'sa')).toEqual(await who('mada', 'SA'))
  expect(await who('mada', 'Sa')).toEqual(await who('mada', 'SA'))
})

test('whom the operator has switched off is left out', async () => {
  await ask("UPDATE integration_providers SET is_active = false WHERE provider = 'tap_payments'")
  expect(await who('benefit', 'BH')).toEqual([])
  expect(await who('mada', 'SA')).toEqual(['paymob', 'moyasar', 'paytabs'])
  await ask("UPDATE integration_providers SET is_active = true WHERE provider = 'tap_payments'")
})

test('only who takes payments, whatever else has the word', async () => {
  await ask("UPDATE integration_providers SET payment_capabilities = '{mada}' WHERE provider = 'unifonic'")
  expect(await who('mada', 'SA')).not.toContain('unifonic')
  await ask("UPDATE integration_providers SET payment_capabilities = '{}' WHERE provider = 'unifonic'")
})

describe('with providers of the world', () => {
  beforeAll(() =>
    ask(
      "UPDATE integration_providers SET is_active = true, sort_order = 1 WHERE category = 'payment' AND NOT is_mena_provider",
    ),
  )

  test('MENA first, then by order, then by provider', async () => {
    expect(await who('card', 'SA')).toEqual([
      'tap_payments',
      'paymob',
      'moyasar',
      'paytabs',
      'paypal',
      'paddle',
    ])
    await ask("UPDATE integration_providers SET sort_order = 5 WHERE provider = 'paytabs'")
    expect((await who('card', 'SA')).slice(0, 2)).toEqual(['paytabs', 'tap_payments'])
    await ask("UPDATE integration_providers SET sort_order = 60 WHERE provider = 'paytabs'")
  })

  test('who lists no countries serves all of them', async () => {
    expect(await who('card', 'KE')).toEqual(['paypal', 'paddle'])
    expect(await who('card', 'ke')).toEqual(['paypal', 'paddle'])
    await ask("UPDATE integration_providers SET supported_countries = '{}' WHERE provider = 'paddle'")
    expect(await who('card', 'KE')).toEqual(['paypal', 'paddle'])
  })

  test.each(['ZZ', 'XX', '', ' ', 'S', 'SAU', 'Saudi Arabia', "'; DROP TABLE projects; --", 'سا', 'ıq'])(
    'the country %p does not exist: no rows, no error',
    async (country) => {
      expect(await who('card', country)).toEqual([])
    },
  )

  test.each(['MADA', 'unknown', '', '{card}', '%', "' OR true --", null])(
    'the capability %p is unknown: no rows, no error',
    async (capability) => {
      expect(await who(capability, 'SA')).toEqual([])
      expect(await who(capability)).toEqual([])
    },
  )
})

test('the countries are those of ISO 3166-1', async () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const codes = letters.flatMap((one) => letters.map((other) => one + other))
  const rows = await ask('SELECT code FROM unnest($1::text[]) AS code WHERE integration_is_country(code)', [
    codes,
  ])
  const found = rows.map(({ code }) => code as string)
  expect(found).toHaveLength(249)
  expect(found.filter((code) => !names.of(code))).toEqual([])
})
