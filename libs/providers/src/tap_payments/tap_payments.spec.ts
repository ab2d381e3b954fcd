import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { Delivery } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { tapPayments } from './index.ts'

// The vectors of the provider's sheet: secret, the fields, and the computed hashstring.
const SECRET = 'sk_test_VectorKey000000000000001'
const charge = {
  id: 'chg_TS01A0120261000Vec10001',
  object: 'charge',
  status: 'CAPTURED',
  amount: 12.5,
  currency: 'KWD',
  transaction: { created: '1767225600000' },
  reference: { payment: '0126261000100010001', gateway: '202600112345678', order: 'ord_1' },
}
const vectors: [string, Record<string, unknown>, string][] = [
  ['KWD charge', charge, '4b832d7f5d229dfc0ca155d91344e96fbb87d2469b9d118bfd8686417fd37529'],
  [
    'SAR charge',
    {
      id: 'chg_TS01A0120261000Vec10002',
      amount: 100.0,
      currency: 'SAR',
      status: 'CAPTURED',
      reference: { gateway: 'mada_pgvec0002', payment: '0126261000100010002' },
      transaction: { created: '1767225601000' },
    },
    '9abf165d99978b8abe9375f0095908946aabf5d07c4a3f3c47dc5dcd09cd2804',
  ],
  [
    'BHD authorize',
    {
      id: 'auth_TS01A0120261000Vec10003',
      amount: 5.75,
      currency: 'BHD',
      status: 'AUTHORIZED',
      reference: { gateway: '123456789012345', payment: '0126261000100010003' },
      transaction: { created: '1767225602000' },
    },
    '28498a1ace2930e3799fc9fe5f192bd9155219ff465f8bec8183d7841f01dd2b',
  ],
  [
    'KWD refund',
    {
      id: 're_TS01A0120261000Vec10004',
      amount: 4.25,
      currency: 'KWD',
      status: 'REFUNDED',
      reference: { payment: '0126261000100010001' },
      created: '1767229200000',
    },
    'e0d105e8b2e17920b877c54c559e419cc47cc151dd22199a0ec0c43bd169f88c',
  ],
  [
    'AED invoice',
    {
      id: 'inv_TS01A0120261000Vec10005',
      amount: 250,
      currency: 'AED',
      status: 'PAID',
      updated: '1767232800000',
      created: '1767225605000',
    },
    '6792dec566768bdc62a20ddca4981ebe16f2862ef59b6b625085a8d3f5b9fc2a',
  ],
]

const webhooks = tapPayments.webhooks!
const verdict = (body: unknown, headers: string[], secrets = [SECRET]) =>
  webhooks.verify(deliveryOf(body, headers), { secrets: () => secrets.map((text) => Secret.of(text)) })
const deliveryOf = (body: unknown, headers: string[] = []): Delivery =>
  new Delivery(
    'POST',
    'https://wasl.example/webhooks/tap_payments/k',
    headers,
    Buffer.from(JSON.stringify(body)),
    new Date(),
  )

describe.each(vectors)('%s', (_, body, hash) => {
  test('verifies', async () => {
    expect(await verdict(body, ['hashstring', hash])).toEqual({ ok: true })
    expect(await verdict(body, ['HashString', hash], ['sk_test_Another0000000000000001', SECRET])).toEqual({
      ok: true,
    })
  })

  test.each(['amount', 'currency', 'status', 'id'])('a changed %s does not', async (name) => {
    const other = { amount: 13, currency: 'EUR', status: 'DECLINED', id: `${String(body.id)}9` }[name]
    expect((await verdict({ ...body, [name]: other }, ['hashstring', hash])).ok).toBe(false)
  })

  test('nor another secret, none, a repeated or malformed header', async () => {
    expect(await verdict(body, ['hashstring', hash], ['sk_live_VectorKey000000000000001'])).toEqual({
      ok: false,
      reason: 'signature_mismatch',
    })
    expect(await verdict(body, ['hashstring', hash], [])).toEqual({ ok: false, reason: 'no_secret' })
    expect(await verdict(body, ['hashstring', hash], [''])).toEqual({ ok: false, reason: 'no_secret' })
    expect(await verdict(body, ['hashstring', hash, 'hashstring', hash])).toEqual({
      ok: false,
      reason: 'signature_repeated',
    })
    expect(await verdict(body, ['hashstring', hash.toUpperCase()])).toEqual({
      ok: false,
      reason: 'signature_malformed',
    })
    expect(await verdict(body, [])).toEqual({ ok: false, reason: 'signature_missing' })
  })
})

test('fields that are not signed may differ, and are not trusted', async () => {
  const [, , hash] = vectors[0]!
  expect(
    (await verdict({ ...charge, metadata: { tenant: 'x' }, live_mode: true }, ['hashstring', hash])).ok,
  ).toBe(true)
  const [observation] = webhooks.normalise(deliveryOf({ ...charge, metadata: { tenant: 'x' } }))
  expect(observation).toEqual({
    resource: 'payment',
    ref: charge.id,
    native: 'CAPTURED',
    occurredAt: new Date(1767225600000),
    facts: {
      currency: 'KWD',
      amount: '12500',
      gateway_reference: '202600112345678',
      payment_reference: '0126261000100010001',
    },
  })
})

test('the dedup key is object, id and status', () => {
  expect(webhooks.dedupeKey(deliveryOf(charge))).toBe(`charge:${charge.id}:CAPTURED`)
  expect(webhooks.dedupeKey(deliveryOf({}))).toBeNull()
})

test('an amount that is no exact number is refused, not rounded', async () => {
  for (const amount of [12.5001, '1e3', null, {}, -0.00001]) {
    const hash = createHmac('sha256', SECRET).update('x').digest('hex')
    expect(await verdict({ ...charge, amount }, ['hashstring', hash])).toEqual({
      ok: false,
      reason: 'unreadable_body',
    })
  }
})
