import { describe, expect, test } from '@jest/globals'
import { type TimestampedHmac } from './timestamped-hmac.ts'
import { ask, AT, delivery, no, yes } from './testing/ask.ts'
import { changedIsRefused, hostileIsRefused, signedIsAccepted } from './testing/properties.ts'

const stripe: TimestampedHmac = { scheme: 'timestamped_hmac', at: { header: 'stripe-signature' } }
const paddle: TimestampedHmac = {
  scheme: 'timestamped_hmac',
  at: { header: 'paddle-signature' },
  written: { stamp: 'ts', signature: 'h1', between: ';', beforeBody: ':' },
}
const stream: TimestampedHmac = {
  scheme: 'timestamped_hmac',
  at: { header: 'webhook-signature' },
  written: { stamp: 'time', signature: 'sig1' },
}

describe.each<[string, TimestampedHmac, string, string, string]>([
  [
    'Stripe',
    stripe,
    'whsec_test_secret',
    '{"id":"evt_test_1","object":"event","type":"payment_intent.succeeded","livemode":false}',
    't=1768035600,v1=b7911cb9a9bdc6f31c76b70f10c8161d87ed579edbb514fae0947fddc214d09e',
  ],
  [
    'Paddle',
    paddle,
    'pdl_ntfset_01test_secretvalue',
    '{"event_id":"evt_01test","event_type":"transaction.completed","occurred_at":"2026-01-10T09:00:00Z","notification_id":"ntf_01test","data":{}}',
    'ts=1768035600;h1=3a6304067ad047e1d5e8f0da1399a1d5c2f031340b39bc07ab72ac314f8528e5',
  ],
  [
    'Cloudflare Stream',
    stream,
    'cf-stream-secret-test',
    '{"uid":"v-1","readyToStream":true}',
    'time=1768035600,sig1=e7b112a0894d2faee893ab6f9b87a7ca5715328824a49bd797a391e0e16b3314',
  ],
])("%s, the sheet's vector", (_, scheme, secret, body, value) => {
  const sent = (text: string, at = AT) => delivery({ headers: { [scheme.at.header]: text }, body, at })
  const between = scheme.written?.between ?? ','
  const [stamp = '', signature = ''] = value.split(between)
  const [name = ''] = signature.split('=')

  test.each([0, 300, -300])('received %d seconds later is in time', async (seconds) => {
    const given = sent(value, new Date(AT.getTime() + seconds * 1_000))
    expect(await ask(scheme, given, 'other', secret)).toEqual(yes)
    expect(await ask(scheme, given, 'other')).toEqual(no('signature_mismatch'))
  })

  test.each([301, -301, 86_400])('received %d seconds later is not', async (seconds) => {
    const given = sent(value, new Date(AT.getTime() + seconds * 1_000))
    expect(await ask(scheme, given, secret)).toEqual(no('timestamp_out_of_tolerance'))
  })

  test('of several signatures, one that fits is enough', async () => {
    const other = `${name}=${'0'.repeat(64)}`
    for (const parts of [
      [stamp, other, signature],
      [signature, stamp],
      [stamp, `${name}=`, signature],
      [stamp, signature, 'v0=x'],
    ])
      expect(await ask(scheme, sent(parts.join(between)), secret)).toEqual(yes)
    expect(await ask(scheme, sent([stamp, other].join(between)), secret)).toEqual(no('signature_mismatch'))
  })

  test('what has no stamp, two, or no signature in small hex is malformed', async () => {
    const loud = `${name}=${signature.slice(name.length + 1).toUpperCase()}`
    for (const parts of [
      [stamp],
      [signature],
      [stamp, stamp, signature],
      [`${stamp}x`, signature],
      [`${stamp.replace('=', '=-')}`, signature],
      [stamp, loud],
      [stamp, signature.slice(0, -2)],
      [stamp, `${signature}00`],
      [stamp, signature.toUpperCase()],
      [''],
    ]) {
      const verdict = await ask(scheme, sent(parts.join(between) || between), secret)
      expect(verdict).toEqual(no('signature_malformed'))
    }
  })

  test('missing, repeated, without a secret: refused', async () => {
    expect(await ask(scheme, delivery({ body }), secret)).toEqual(no('signature_missing'))
    const lines = [scheme.at.header, value, scheme.at.header, value]
    expect(await ask(scheme, delivery({ lines, body }), secret)).toEqual(no('signature_repeated'))
    expect(await ask(scheme, sent(value))).toEqual(no('no_secret'))
    expect(await ask(scheme, sent(value), '')).toEqual(no('no_secret'))
  })

  test('any body, any secret', async () => {
    await signedIsAccepted(scheme)
    await changedIsRefused(scheme)
    await hostileIsRefused(scheme, [scheme.at.header])
  })
})
