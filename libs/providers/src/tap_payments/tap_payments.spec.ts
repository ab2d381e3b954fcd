import { createHmac } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { checkCredentials, credsOf, type Ctx, Delivery, modeOf, type Reply, sign } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { describeConnector } from '../../../../test/support/describe-connector.ts'
import { tapPayments } from './index.ts'
import { schemeOf } from './webhook.ts'

describeConnector(tapPayments)

const SECRET = 'sk_test_VectorKey000000000000001'
const webhooks = tapPayments.webhooks!
const charge = {
  id: 'chg_TS01A0120261000Vec10001',
  object: 'charge',
  status: 'CAPTURED',
  amount: 12.5 as unknown,
  currency: 'KWD',
  transaction: { created: '1767225600000' },
  reference: { payment: '0126261000100010001', gateway: '202600112345678', order: 'ord_1' },
}
const HASH = '4b832d7f5d229dfc0ca155d91344e96fbb87d2469b9d118bfd8686417fd37529'

function deliveryOf(body: unknown, hash?: string): Delivery {
  const headers = hash === undefined ? [] : ['hashstring', hash]
  const url = 'https://wasl.example/webhooks/tap_payments/k'
  return new Delivery('POST', url, headers, Buffer.from(JSON.stringify(body)), new Date(0))
}
const verdict = (delivery: Delivery) => webhooks.verify(delivery, { secrets: () => [Secret.of(SECRET)] })

test('fields that are not signed may differ, and are not read', async () => {
  const other = { ...charge, metadata: { tenant: 'canary' }, live_mode: true, object: 'canary' }
  expect(await verdict(deliveryOf(other, HASH))).toEqual({ ok: true })
  expect(JSON.stringify(webhooks.normalise(deliveryOf(other)))).not.toContain('canary')
  expect(webhooks.dedupeKey(deliveryOf(other))).toBe(`charge:${charge.id}:CAPTURED`)
})

test('one amount is signed in one way, however the JSON writes it', async () => {
  for (const amount of [12.5, '12.5', '12.500', '12.5000']) {
    expect(await verdict(deliveryOf({ ...charge, amount }, HASH))).toEqual({ ok: true })
  }
})

test.each([12.5001, '1e3', null, {}, -0.00001, '9'.repeat(1_000_000), '٣'])(
  'an amount that is no exact number of fils is refused, not rounded (%#)',
  async (amount) => {
    const hash = createHmac('sha256', SECRET).update('x').digest('hex')
    expect(await verdict(deliveryOf({ ...charge, amount }, hash))).toEqual({
      ok: false,
      reason: 'unreadable_body',
    })
  },
)

test('a currency outside ISO 4217 is refused, never taken for two decimals', async () => {
  const hash = createHmac('sha256', SECRET).update('x').digest('hex')
  expect(await verdict(deliveryOf({ ...charge, currency: 'XYZ' }, hash))).toEqual({
    ok: false,
    reason: 'unreadable_body',
  })
})

test('a missing reference signs as an empty text', async () => {
  const signed = await sign(
    schemeOf(deliveryOf(charge)),
    deliveryOf({ ...charge, reference: {} }),
    Secret.of(SECRET),
  )
  expect(await verdict(signed!)).toEqual({ ok: true })
})

test('a time that is none is left out', () => {
  for (const created of ['', 'soon', '99999999999999999999', -1]) {
    const [observation] = webhooks.normalise(deliveryOf({ ...charge, transaction: { created } }))
    expect(observation).toMatchObject({ ref: charge.id })
    expect(observation?.occurredAt).toBeUndefined()
  }
})

test('the key tells the mode, and both keys must tell the same', () => {
  const values = { secret_key: SECRET, publishable_key: 'pk_test_VectorKey000000000000001' }
  expect(checkCredentials(tapPayments.credentials, values)).toEqual([])
  expect(modeOf(tapPayments.credentials, credsOf(tapPayments.credentials, values))).toBe('test')
  const live = { secret_key: 'sk_live_VectorKey000000000000001' }
  expect(modeOf(tapPayments.credentials, credsOf(tapPayments.credentials, live))).toBe('live')
  expect(checkCredentials(tapPayments.credentials, { ...values, ...live })).toMatchObject([
    { pointer: '/credentials/publishable_key', code: 'mode_mismatch' },
  ])
  expect(checkCredentials(tapPayments.credentials, { secret_key: values.publishable_key })).toMatchObject([
    { pointer: '/credentials/secret_key', code: 'invalid_format' },
  ])
})

test('what has become something else since it was listed is told by itself, and not as what it was', async () => {
  const ours = { ...charge, post: { url: 'https://wasl.example/ours' } }
  const own = { url: ours.post.url, leadsHere: (url: string) => url === ours.post.url }
  const request = async ({ method, path }: { method: string; path: string }): Promise<Reply> => {
    const listed = { has_more: false, charges: path === '/charges/list' ? [ours] : [] }
    const json = method === 'POST' ? listed : { ...ours, status: 'VOID' }
    return { status: 200, headers: {}, text: JSON.stringify(json), json: () => json }
  }
  const ctx = { http: { request }, now: () => new Date() } as unknown as Ctx
  const found: [string, Buffer | null][] = []
  for await (const one of webhooks.missed!(new Date(0), ctx, own))
    found.push([one.dedupeKey, await one.body()])
  expect(found).toEqual([[`charge:${charge.id}:CAPTURED`, null]])
})
