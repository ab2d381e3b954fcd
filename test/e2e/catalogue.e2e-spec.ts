import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

describe('the catalogue', () => {
  test('has 49 providers, MENA first, and says what works in this build', async () => {
    const { body } = await get('/v1/providers')
    expect(body.data).toHaveLength(49)
    expect(
      body.data.slice(0, 13).every(({ is_mena_provider }: { is_mena_provider: boolean }) => is_mena_provider),
    ).toBe(true)
    const [first] = body.data
    expect(first).toMatchObject({
      provider: 'tap_payments',
      name_ar: 'تاب للمدفوعات',
      operations: ['health', 'webhooks'],
    })
    expect(first.credential_fields[0]).toMatchObject({
      name: 'secret_key',
      secret: true,
      required: true,
      label_ar: 'المفتاح السري',
    })
    expect(body.data[1].operations).toEqual([])
  })

  test('says who sees to the webhook address, whether gaps are found, and what to set for both', async () => {
    const [tap, github] = [await get('/v1/providers/tap_payments'), await get('/v1/providers/github')]
    expect(tap.body.webhook).toMatchObject({ registration: 'per_call', finds_gaps: true, config: [] })
    expect(github.body.webhook).toMatchObject({ registration: 'by_api', finds_gaps: true })
    expect(github.body.webhook.config).toMatchObject([{ name: 'repository' }])
    expect(github.body.webhook.config[0].help).toContain('admin:repo_hook')
    expect(github.body.webhook.config[0].help_ar).toMatch(/[\u0600-\u06ff]{4}/)
  })

  test.each([
    ['mada', 'SA', ['tap_payments', 'paymob', 'moyasar', 'paytabs']],
    ['knet', 'kw', ['tap_payments', 'paytabs']],
    ['benefit', 'BH', ['tap_payments']],
    ['fawry', 'EG', ['paymob', 'paytabs']],
    ['valu', 'EG', ['paymob', 'paytabs']],
    ['nonsense', 'SA', []],
    ['mada', 'ZZ', []],
  ])('who does %s in %s?', async (capability, country, expected) => {
    const { body } = await get(`/v1/payment-providers?capability=${capability}&country=${country}`)
    expect(body.data.map(({ provider }: { provider: string }) => provider)).toEqual(expected)
    expect(body.data.every(({ reasons }: { reasons: unknown[] }) => reasons.length > 0)).toBe(true)
  })

  test('filters, and a provider that is not there', async () => {
    expect(
      (await get('/v1/providers?category=logistics&country=EG')).body.data.map(
        ({ provider }: { provider: string }) => provider,
      ),
    ).toEqual(['aramex', 'fetchr'])
    expect((await get('/v1/providers/nobody')).status).toBe(404)
  })
})
