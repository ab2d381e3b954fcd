import { createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { Secret } from '@app/secrets'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { Webhook } from 'standardwebhooks'
import { Delivery } from '../delivery.ts'
import { type Scheme, verify } from './schemes.ts'

const AT = new Date('2026-01-10T09:00:00Z')
const NOW_S = AT.getTime() / 1_000
const delivery = (headers: string[], body: string | Buffer = '', query = ''): Delivery =>
  new Delivery('POST', `https://wasl.example/webhooks/x/k${query}`, headers, Buffer.from(body), AT)
const ask = (scheme: Scheme, given: Delivery, ...secrets: string[]) =>
  verify(
    scheme,
    given,
    secrets.map((text) => Secret.of(text)),
  )
const reason = (why: string) => ({ ok: false, reason: why })

describe('a timestamped HMAC', () => {
  // The vector of the Stripe sheet.
  const body = '{"id":"evt_test_1","object":"event","type":"payment_intent.succeeded","livemode":false}'
  const hex = 'b7911cb9a9bdc6f31c76b70f10c8161d87ed579edbb514fae0947fddc214d09e'
  const scheme: Scheme = { scheme: 'timestamped_hmac', at: { header: 'stripe-signature' } }
  const at = (seconds: number): Delivery =>
    new Delivery(
      'POST',
      'https://x/',
      ['Stripe-Signature', `t=1768035600,v1=${'0'.repeat(64)},v1=${hex},v0=x`],
      Buffer.from(body),
      new Date(seconds * 1_000),
    )

  test('any v1 that fits is enough, within five minutes either way', async () => {
    for (const seconds of [1768035600, 1768035900, 1768035300])
      expect(await ask(scheme, at(seconds), 'other', 'whsec_test_secret')).toEqual({ ok: true })
    for (const seconds of [1768035901, 1768035299])
      expect(await ask(scheme, at(seconds), 'whsec_test_secret')).toEqual(
        reason('timestamp_out_of_tolerance'),
      )
    expect(await ask(scheme, at(1768035600), 'other')).toEqual(reason('signature_mismatch'))
  })

  test.each([`t=1768035600`, `v1=${hex}`, `t=1,t=2,v1=${hex}`, `t=x,v1=${hex}`, 't=1768035600,v1=abc', ','])(
    'malformed: %s',
    async (value) => {
      expect(await ask(scheme, delivery(['stripe-signature', value], body), 'whsec_test_secret')).toEqual(
        reason('signature_malformed'),
      )
    },
  )
})

test('Standard Webhooks: what the official package signs is accepted, a changed part is not', async () => {
  const secret = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`
  const signature = new Webhook(secret).sign('msg_1', AT, '{"a":"ب"}')
  const headers = (id = 'msg_1', stamp = NOW_S, value = signature): string[] => [
    'Webhook-Id',
    id,
    'Webhook-Timestamp',
    String(stamp),
    'Webhook-Signature',
    value,
  ]
  const scheme: Scheme = { scheme: 'standard_webhooks' }
  expect(await ask(scheme, delivery(headers(), '{"a":"ب"}'), secret)).toEqual({ ok: true })
  expect(
    await ask(
      scheme,
      delivery(headers('msg_1', NOW_S, `v1,${'A'.repeat(43)}= ${signature}`), '{"a":"ب"}'),
      secret,
    ),
  ).toEqual({ ok: true })
  expect(await ask(scheme, delivery(headers('msg_2'), '{"a":"ب"}'), secret)).toEqual(
    reason('signature_mismatch'),
  )
  expect(await ask(scheme, delivery(headers('msg_1', NOW_S + 1), '{"a":"ب"}'), secret)).toEqual(
    reason('signature_mismatch'),
  )
  expect(await ask(scheme, delivery(headers('msg_1', NOW_S - 301), '{"a":"ب"}'), secret)).toEqual(
    reason('timestamp_out_of_tolerance'),
  )
  expect(await ask(scheme, delivery(headers(), '{"a":"x"}'), secret)).toEqual(reason('signature_mismatch'))
  expect(
    await ask(scheme, delivery(headers('msg_1', NOW_S, signature.slice(3)), '{"a":"ب"}'), secret),
  ).toEqual(reason('signature_malformed'))
  expect(await ask(scheme, delivery(headers().slice(0, 4), '{"a":"ب"}'), secret)).toEqual(
    reason('signature_missing'),
  )
  expect(await ask(scheme, delivery(headers(), '{"a":"ب"}'), 'whsec_')).toEqual(reason('no_secret'))
})

describe('a static secret', () => {
  test.each<[string, Scheme, Delivery]>([
    [
      'in a header',
      { scheme: 'static_secret', at: { header: 'x-token' } },
      delivery(['X-Token', 'the secret']),
    ],
    [
      'in the query',
      { scheme: 'static_secret', at: { query: 'token' } },
      delivery([], '', '?token=the%20secret'),
    ],
    [
      'in the body',
      { scheme: 'static_secret', at: { body: ['secret_token'] } },
      delivery([], '{"secret_token":"the secret"}'),
    ],
    [
      'as Basic',
      { scheme: 'basic', username: 'wasl' },
      delivery(['Authorization', `Basic ${Buffer.from('wasl:the secret').toString('base64')}`]),
    ],
  ])('%s', async (_, scheme, given) => {
    expect(await ask(scheme, given, 'the secret')).toEqual({ ok: true })
    expect(await ask(scheme, given, 'former', 'the secret')).toEqual({ ok: true })
    expect(await ask(scheme, given, 'the secreT')).toEqual(reason('signature_mismatch'))
    expect(await ask(scheme, given)).toEqual(reason('no_secret'))
    expect(await ask(scheme, given, '')).toEqual(reason('no_secret'))
    expect(await ask(scheme, delivery([], '{}'), 'the secret')).toEqual(reason('signature_missing'))
  })

  test('repeated in the query is refused', async () => {
    expect(
      await ask(
        { scheme: 'static_secret', at: { query: 'token' } },
        delivery([], '', '?token=a&token=a'),
        'a',
      ),
    ).toEqual(reason('signature_repeated'))
  })
})

test('a JWT in header or query: HS256 only, not expired, of this secret and issuer', async () => {
  const scheme: Scheme = {
    scheme: 'jwt',
    at: [{ header: 'authorization' }, { query: 'token' }],
    prefix: 'Bearer ',
    issuer: 'Tamara',
  }
  const token = (claims: { secret?: string; issuer?: string; exp?: number }): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(claims.issuer ?? 'Tamara')
      .setExpirationTime(claims.exp ?? NOW_S + 60)
      .sign(Buffer.from(claims.secret ?? 'secret'))
  expect(await ask(scheme, delivery(['Authorization', `Bearer ${await token({})}`]), 'secret')).toEqual({
    ok: true,
  })
  expect(await ask(scheme, delivery([], '', `?token=${await token({})}`), 'old', 'secret')).toEqual({
    ok: true,
  })
  for (const wrong of [{ secret: 'other' }, { issuer: 'Nobody' }]) {
    expect(await ask(scheme, delivery([], '', `?token=${await token(wrong)}`), 'secret')).toEqual(
      reason('signature_mismatch'),
    )
  }
  // Clocks differ: half a minute over is still in time.
  const expired = async (exp: number) =>
    ask(scheme, delivery([], '', `?token=${await token({ exp })}`), 'secret')
  expect(await expired(NOW_S - 29)).toEqual({ ok: true })
  expect(await expired(NOW_S - 31)).toEqual(reason('timestamp_out_of_tolerance'))
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"iss":"Tamara"}').toString('base64url')}.`
  expect(await ask(scheme, delivery([], '', `?token=${unsigned}`), 'secret')).toEqual(
    reason('signature_malformed'),
  )
  expect(await ask(scheme, delivery([]), 'secret')).toEqual(reason('signature_missing'))
})

test('RSA: the lent certificate decides; a certificate that cannot be had accepts nothing', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const signature = createSign('RSA-SHA256').update('the text').sign(privateKey, 'base64')
  const scheme = (over: Partial<Extract<Scheme, { scheme: 'rsa' }>> = {}): Scheme => ({
    scheme: 'rsa',
    signed: () => 'the text',
    signature: () => signature,
    algorithm: () => 'RSA-SHA256',
    certificate: () => Promise.resolve(pem),
    signedAt: () => AT,
    ...over,
  })
  expect(await ask(scheme(), delivery([]))).toEqual({ ok: true })
  expect(await ask(scheme({ signed: () => 'another' }), delivery([]))).toEqual(reason('signature_mismatch'))
  expect(await ask(scheme({ algorithm: () => 'RSA-SHA1' }), delivery([]))).toEqual(
    reason('signature_mismatch'),
  )
  expect(await ask(scheme({ certificate: () => Promise.resolve('no pem') }), delivery([]))).toEqual(
    reason('signature_mismatch'),
  )
  expect(await ask(scheme({ signedAt: () => new Date(0) }), delivery([]))).toEqual(
    reason('timestamp_out_of_tolerance'),
  )
  await expect(
    ask(scheme({ certificate: () => Promise.reject(new Error('away')) }), delivery([])),
  ).rejects.toThrow('away')
})

test('nothing that a sender writes makes a verifier throw or accept', async () => {
  const schemes: Scheme[] = [
    { scheme: 'hmac', algorithm: 'sha256', signed: 'raw_body', at: { header: 'x' }, encoding: 'hex' },
    { scheme: 'hmac', algorithm: 'sha1', signed: 'raw_body', at: { body: ['a', 'b'] }, encoding: 'base64' },
    { scheme: 'timestamped_hmac', at: { header: 'x' } },
    { scheme: 'standard_webhooks' },
    { scheme: 'static_secret', at: { body: ['x'] } },
    { scheme: 'basic', username: 'u' },
    { scheme: 'jwt', at: [{ header: 'x' }] },
  ]
  const names = ['x', 'authorization', 'webhook-id', 'webhook-timestamp', 'webhook-signature']
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary' }), { minLength: 5, maxLength: 5 }),
      fc.uint8Array(),
      async (values, body) => {
        const given = delivery(
          names.flatMap((name, n) => [name, values[n] ?? '']),
          Buffer.from(body),
        )
        for (const scheme of schemes)
          expect((await ask(scheme, given, 'a secret that nobody guesses')).ok).toBe(false)
      },
    ),
    { numRuns: 200 },
  )
})
