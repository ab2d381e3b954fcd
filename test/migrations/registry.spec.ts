import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMigrations } from '@app/database'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { statementsOf } from '../../libs/database/src/migrations/statements.ts'
import { type FreshDatabase, freshDatabase, migrationsFolder, sql } from '../support/database.ts'
import { blankDatabases, file074, inOneSession, pathOf } from '../support/migrations.ts'

// As the database contract says it, by hand: a registry that is compared with itself proves nothing.
const words = (text: string): string[] => text.split(/[\s,·]+/).filter(Boolean)
const MENA = words(
  'tap_payments, paymob, tabby, tamara, moyasar, paytabs · unifonic, infobip · aramex, smsa, fetchr · aws_me, azure_me',
)
const OTHERS = words(
  'github, supabase, cloudflare, vercel · stripe, paypal, square, paddle · resend, twilio, sendgrid, slack, discord · posthog, sentry, google_analytics, mixpanel, datadog, segment · clerk, auth0 · cloudinary, aws_s3 · linear, gitlab, bitbucket, jira · mongodb_atlas, firebase, planetscale, neon · hubspot, salesforce, mailchimp, intercom, customerio',
)
const ENUMS: Record<string, string[]> = {
  integration_provider_type: [...MENA, ...OTHERS],
  integration_category: words(
    'payment, communication, logistics, deploy, auth, analytics, development, database, storage, monitoring, marketing, crm',
  ),
  integration_auth_method: words('oauth2, oauth2_pkce, api_key, webhook_secret, jwt, basic_auth, custom'),
  integration_connection_status: words(
    'pending, connected, failed, expired, refreshing, disconnected, suspended',
  ),
  integration_event_status: words('pending, processing, completed, failed, retrying, dead_letter'),
  integration_environment: words('dev, staging, prod'),
  integration_health_state: words('unknown, healthy, degraded, unhealthy'),
}
const CATEGORIES: Record<string, string> = {
  payment: 'tap_payments paymob tabby tamara moyasar paytabs stripe paypal square paddle',
  communication: 'unifonic infobip resend twilio sendgrid slack discord',
  logistics: 'aramex smsa fetchr',
  storage: 'aws_me azure_me cloudinary aws_s3',
  development: 'github linear gitlab bitbucket jira',
  database: 'supabase mongodb_atlas firebase planetscale neon',
  deploy: 'cloudflare vercel',
  auth: 'clerk auth0',
  analytics: 'posthog google_analytics mixpanel segment',
  monitoring: 'sentry datadog',
  marketing: 'mailchimp customerio',
  crm: 'hubspot salesforce intercom',
}
const LENDER = 'installments bnpl auth_capture partial_capture void refund partial_refund'
const CAPABILITIES: Record<string, string> = {
  tap_payments:
    'one_time recurring installments tokenization auth_capture partial_capture void refund partial_refund invoicing wallets card mada knet benefit omannet naps stc_pay apple_pay google_pay',
  paymob:
    'one_time recurring installments tokenization auth_capture partial_capture void refund partial_refund cash_collection wallets card mada omannet fawry valu aman masary stc_pay mobile_wallet apple_pay google_pay',
  tabby: LENDER,
  tamara: LENDER,
  moyasar:
    'one_time recurring tokenization auth_capture partial_capture void refund partial_refund wallets card mada stc_pay apple_pay google_pay samsung_pay',
  paytabs:
    'one_time recurring tokenization auth_capture partial_capture void refund partial_refund wallets cash_collection card mada knet omannet stc_pay apple_pay samsung_pay fawry valu meeza aman',
}
const CODES = words(
  'one_time, recurring, installments, bnpl, tokenization, auth_capture, partial_capture, void, refund, partial_refund, payouts, invoicing, marketplace, cash_collection, wallets, 3ds, card, mada, knet, benefit, omannet, naps, fawry, valu, meeza, stc_pay, apple_pay, google_pay, samsung_pay, aman, masary, mobile_wallet',
)
const COUNTRIES: Record<string, string> = {
  tap_payments: 'SA AE KW BH QA OM EG JO LB',
  paymob: 'EG SA AE PK OM PS',
  tabby: 'SA AE KW BH QA EG',
  tamara: 'SA AE KW',
  moyasar: 'SA',
  paytabs: 'SA AE EG JO BH KW OM QA',
  unifonic: 'SA AE EG JO KW BH QA OM',
  infobip: 'SA AE EG KW BH QA OM JO LB MA TN DZ',
  aramex: 'SA AE EG KW BH QA OM JO LB',
  smsa: 'SA',
  fetchr: 'AE SA EG JO BH',
  aws_me: 'BH SA AE KW QA OM',
  azure_me: 'AE SA KW QA BH OM',
}
const CURRENCIES: Record<string, string> = {
  tap_payments: 'SAR AED KWD BHD QAR OMR EGP JOD LBP USD EUR GBP',
  paymob: 'EGP SAR AED PKR OMR USD',
  tabby: 'SAR AED KWD BHD QAR EGP',
  tamara: 'SAR AED KWD',
  moyasar: 'SAR',
  paytabs: 'SAR AED EGP JOD BHD KWD OMR QAR USD EUR GBP',
}
const REGIONS: Record<string, string[]> = {
  aws_me: ['me-south-1', 'me-central-1'],
  azure_me: ['uaenorth', 'uaecentral', 'qatarcentral'],
}

interface Row {
  provider: string
  category: string
  name: string
  name_ar: string
  auth_methods: string[]
  capabilities: Record<string, unknown>
  payment_capabilities: string[]
  rate_limits: Record<string, unknown>
  is_mena_provider: boolean
  supported_countries: string[] | null
  supported_currencies: string[] | null
  data_residency_regions: string[]
  primary_locale: string
  documentation_url: string
  sort_order: number
  is_active: boolean
}

const blank = blankDatabases()
let database: FreshDatabase
/** After 074 alone: what it makes, before a later file adds to it. */
let of074: string
let rows: Row[]

beforeAll(async () => {
  database = await freshDatabase()
  of074 = await blank.url()
  const folder = mkdtempSync(join(tmpdir(), 'wasl-074-'))
  cpSync(pathOf(file074), join(folder, file074))
  await runMigrations(of074, folder)
  rmSync(folder, { recursive: true })
  rows = await registry(of074)
})
afterAll(async () => {
  await database.drop()
  await blank.drop()
})

const registry = (url: string): Promise<Row[]> =>
  sql(
    url,
    'SELECT *, auth_methods::text[] AS auth_methods FROM integration_providers ORDER BY sort_order, provider',
  )
const by = <T>(pick: (row: Row) => T, of: readonly string[]): Record<string, T> =>
  Object.fromEntries(
    rows.filter(({ provider }) => of.includes(provider)).map((row) => [row.provider, pick(row)]),
  )
const split = (record: Record<string, string>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(record).map(([name, text]) => [name, words(text)]))

test.each(Object.entries(ENUMS))('%s has its values in order', async (name, values) => {
  const [row] = await sql(of074, `SELECT enum_range(NULL::${name})::text[] AS values`)
  expect(row).toEqual({ values })
})

describe('the registry', () => {
  test('has a row for each of the 49 providers, sorted as the type', () => {
    expect(rows).toHaveLength(49)
    expect(rows.map(({ provider }) => provider)).toEqual(ENUMS.integration_provider_type)
    expect(new Set(rows.map(({ sort_order }) => sort_order)).size).toBe(49)
  })

  test('knows who is at home here', () => {
    expect(rows.filter(({ is_mena_provider }) => is_mena_provider).map(({ provider }) => provider)).toEqual(
      MENA,
    )
    for (const { provider, primary_locale } of rows)
      expect({ provider, primary_locale }).toEqual({
        provider,
        primary_locale: MENA.includes(provider) ? 'ar' : 'en',
      })
  })

  test('switches on the thirteen, github and supabase', () => {
    expect(rows.filter(({ is_active }) => is_active).map(({ provider }) => provider)).toEqual([
      ...MENA,
      'github',
      'supabase',
    ])
  })

  test('sorts them into categories', () => {
    const found: Record<string, string[]> = {}
    for (const { category, provider } of rows) (found[category] ??= []).push(provider)
    expect(found).toEqual(split(CATEGORIES))
  })

  test('says exactly what the six take', () => {
    expect(by((row) => row.payment_capabilities, Object.keys(CAPABILITIES))).toEqual(split(CAPABILITIES))
  })

  test('uses known codes only, and only where money is taken; who lends is who lends himself', () => {
    for (const { provider, category, payment_capabilities: codes } of rows) {
      expect(codes.filter((code) => !CODES.includes(code))).toEqual([])
      expect(codes.length > 0).toBe(category === 'payment')
      expect(codes.includes('bnpl')).toBe(['tabby', 'tamara'].includes(provider))
    }
  })

  test('countries, currencies and residency are as specified', () => {
    expect(by((row) => row.supported_countries, MENA)).toEqual(split(COUNTRIES))
    expect(by((row) => row.supported_currencies, Object.keys(CURRENCIES))).toEqual(split(CURRENCIES))
    for (const { provider, data_residency_regions: regions } of rows)
      expect({ provider, regions }).toEqual({ provider, regions: REGIONS[provider] ?? [] })
  })

  test('every row has a name in both languages, a way in, and https docs', () => {
    for (const row of rows) {
      expect(row.name.trim()).toMatch(/[A-Za-z]/)
      expect(row.name_ar).toMatch(/[\u0600-\u06ff]/)
      expect(row.auth_methods.length).toBeGreaterThan(0)
      expect(Object.keys(row.capabilities).length).toBeGreaterThan(0)
      expect(new URL(row.documentation_url).protocol).toBe('https:')
    }
  })

  test('a rate limit is requests per seconds, with a burst at most', () => {
    for (const { provider, rate_limits: limits } of rows) {
      const { requests, per_seconds, burst, ...rest } = limits
      expect({ provider, rest }).toEqual({ provider, rest: {} })
      if (Object.keys(limits).length === 0) continue
      for (const n of [requests, per_seconds, burst ?? 1])
        expect({ provider, n }).toEqual({ provider, n: expect.any(Number) })
    }
    expect(rows.filter(({ rate_limits }) => 'requests' in rate_limits).length).toBeGreaterThan(0)
  })
})

describe('what is not a code is refused', () => {
  const set = (column: string, value: string): Promise<unknown> =>
    sql(database.url, `UPDATE integration_providers SET ${column} = ${value} WHERE provider = 'slack'`)

  test.each([
    "'{sa}'",
    "'{SAU}'",
    "'{S}'",
    '\'{""}\'',
    "'{SA,NULL}'",
    '\'{"SA,AE"}\'',
    "'{SA,A1}'",
    '\'{"SA "}\'',
    "'{ÄÖ}'",
  ])('countries %s', async (value) => {
    await expect(set('supported_countries', value)).rejects.toMatchObject({ code: '23514' })
  })

  test.each([
    "'{sar}'",
    "'{SA}'",
    "'{SARS}'",
    '\'{""}\'',
    "'{SAR,NULL}'",
    '\'{"SAR,AED"}\'',
    '\'{"SA","RSAR"}\'',
  ])('currencies %s', async (value) => {
    await expect(set('supported_currencies', value)).rejects.toMatchObject({ code: '23514' })
  })

  test('codes, an empty list and none are taken', async () => {
    for (const value of ["'{SA,AE}'", "'{}'", 'NULL']) await set('supported_countries', value)
    for (const value of ["'{SAR,AED}'", "'{}'", 'NULL']) await set('supported_currencies', value)
  })

  test('a provider stands in it once', async () => {
    await expect(
      sql(database.url, "INSERT INTO integration_providers (provider, name) VALUES ('slack', 'again')"),
    ).rejects.toMatchObject({ code: '23505' })
  })
})

describe("an operator's choice", () => {
  /** A later file as the migrations page tells to write it. */
  const LATER = `INSERT INTO integration_providers AS p (provider, is_active, seeded_by) VALUES ('slack', true, 980)
    ON CONFLICT (provider) DO UPDATE SET is_active = true, seeded_by = excluded.seeded_by WHERE p.seeded_by < 980;`

  test('holds over every run; a later file switches a row on once', async () => {
    const url = await blank.url()
    const folder = mkdtempSync(join(tmpdir(), 'wasl-later-'))
    cpSync(migrationsFolder, folder, { recursive: true })
    const slack = async (): Promise<unknown> =>
      (await registry(url)).find(({ provider }) => provider === 'slack')?.is_active
    try {
      await runMigrations(url, folder)
      await sql(
        url,
        "UPDATE integration_providers SET is_active = false, icon_url = 'x', sort_order = 7, name = 'Changed' WHERE provider = 'tabby'",
      )
      expect(await slack()).toBe(false)
      writeFileSync(join(folder, '980_slack.sql'), LATER)
      await runMigrations(url, folder)
      expect(await slack()).toBe(true)

      await sql(url, "UPDATE integration_providers SET is_active = false WHERE provider = 'slack'")
      await sql(url, 'DELETE FROM wasl_migrations')
      await runMigrations(url, folder)
      expect(await slack()).toBe(false)
      // The facts of the registry are the file's.
      expect((await registry(url)).find(({ provider }) => provider === 'tabby')).toMatchObject({
        is_active: false,
        icon_url: 'x',
        sort_order: 7,
        name: 'Tabby',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a row that was deleted comes back as it was seeded', async () => {
    const url = await blank.url()
    await runMigrations(url, migrationsFolder)
    await sql(url, "DELETE FROM integration_providers WHERE provider = 'moyasar'")
    await sql(url, 'DELETE FROM wasl_migrations')
    await runMigrations(url, migrationsFolder)
    expect(
      await sql(url, "SELECT is_active, sort_order FROM integration_providers WHERE provider = 'moyasar'"),
    ).toEqual([{ is_active: true, sort_order: 50 }])
  })
})

/** The five steps of the migrations page, as it tells them. */
test('a provider of the days to come: salla, with a category of its own', async () => {
  const url = await blank.url()
  await runMigrations(url, migrationsFolder)
  await inOneSession(
    url,
    statementsOf(`
      ALTER TYPE integration_provider_type ADD VALUE IF NOT EXISTS 'salla' BEFORE 'github';
      ALTER TYPE integration_category ADD VALUE IF NOT EXISTS 'commerce';
      INSERT INTO integration_providers (provider, name, name_ar, category, is_mena_provider, supported_countries, sort_order, seeded_by)
      VALUES ('salla', 'Salla', 'سلة', 'commerce', true, '{SA}', 135, 980);`),
  )
  await sql(url, 'DELETE FROM wasl_migrations')
  await runMigrations(url, migrationsFolder)
  const all = (await registry(url)).map(({ provider }) => provider)
  expect(all.slice(0, 14)).toEqual([...MENA, 'salla'])
})
