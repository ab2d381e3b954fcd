import { describe, expect, test } from '@jest/globals'
import { Secret } from '@app/secrets'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { sign } from './schemes.ts'
import { type StandardWebhooks } from './standard-webhooks.ts'
import { ask, AT, delivery, no, yes } from './testing/ask.ts'
import { changedIsRefused, hostileIsRefused, signedIsAccepted } from './testing/properties.ts'

const scheme: StandardWebhooks = { scheme: 'standard_webhooks' }
const svix: StandardWebhooks = { ...scheme, headers: 'svix' }
const keys = fc
  .uint8Array({ minLength: 1, maxLength: 64 })
  .map((key) => `whsec_${Buffer.from(key).toString('base64')}`)

interface Vector {
  secret: string
  id: string
  stamp: string
  body: string
  signature: string
}
const vectors: [string, StandardWebhooks, Vector][] = [
  [
    'the official one',
    scheme,
    {
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      stamp: '1614265330',
      body: '{"test": 2432232314}',
      signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  ],
  [
    'Supabase (v1,whsec_)',
    scheme,
    {
      secret: 'v1,whsec_c2hoLXN1cGFiYXNlLWhvb2stc2VjcmV0LTMyYnl0ZXM=', // vector: its provider's sheet
      id: 'msg_2026test',
      stamp: '1768035600',
      body: '{"user":{"id":"8484b834-f29e-4af2-bf42-80644d154f76","phone":"966500000000"},"sms":{"otp":"561166"}}',
      signature: 'v1,5dSiEaJb0b5CZm1512MXTmi2RUJ8n+Dgt6ZSEIglIqg=',
    },
  ],
  [
    'GitLab',
    scheme,
    {
      secret: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', // vector: its provider's sheet
      id: 'msg-gl-1',
      stamp: '1768035600',
      body: '{"object_kind":"push","project_id":15,"ref":"refs/heads/main"}',
      signature: 'v1,e2uFDVFmPacl9kCuUrQqSKPRECCafZ1e+7cmHx5rLac=',
    },
  ],
  [
    'Clerk (svix headers)',
    svix,
    {
      secret: 'whsec_aHViLWNsZXJrLXRlc3Qtc2VjcmV0LTI0', // vector: its provider's sheet
      id: 'msg_ck_1',
      stamp: '1768035600',
      body: '{"data":{"id":"user_test_1","object":"user"},"object":"event","type":"user.created"}',
      signature: 'v1,uuRBF/rI3uJsbHFuP74I9Ecbpk2nSg0Befp20oJ6kJY=',
    },
  ],
]

function sent(of: StandardWebhooks, vector: Vector, late = 0) {
  const family = of.headers ?? 'webhook'
  return delivery({
    headers: {
      [`${family}-id`]: vector.id,
      [`${family}-timestamp`]: vector.stamp,
      [`${family}-signature`]: vector.signature,
    },
    body: vector.body,
    at: new Date((Number(vector.stamp) + late) * 1_000),
  })
}

describe.each(vectors)('%s', (_, of, vector) => {
  const asked = (changes: Partial<Vector>, late = 0) =>
    ask(of, sent(of, { ...vector, ...changes }, late), vector.secret)

  test('is accepted, five minutes early and late', async () => {
    for (const late of [0, 300, -300]) expect(await asked({}, late)).toEqual(yes)
    for (const late of [301, -301]) expect(await asked({}, late)).toEqual(no('timestamp_out_of_tolerance'))
  })

  test('a changed id, time, body or key is refused', async () => {
    expect(await asked({ id: `${vector.id}0` })).toEqual(no('signature_mismatch'))
    expect(await asked({ stamp: String(Number(vector.stamp) + 1) })).toEqual(no('signature_mismatch'))
    expect(await asked({ body: `${vector.body} ` })).toEqual(no('signature_mismatch'))
    expect(await ask(of, sent(of, vector), 'whsec_AAAA')).toEqual(no('signature_mismatch'))
  })

  test('one of a list is enough; other versions are passed over', async () => {
    const other = `v1,${'A'.repeat(43)}=`
    for (const list of [
      `${other} ${vector.signature}`,
      `v1a,xyz ${vector.signature}`,
      `${vector.signature} v2,x`,
    ])
      expect(await asked({ signature: list })).toEqual(yes)
    expect(await asked({ signature: other })).toEqual(no('signature_mismatch'))
  })

  test('written in another way it is malformed', async () => {
    const bare = vector.signature.slice(3)
    for (const signature of [
      bare,
      `v1a,${bare}`,
      `V1,${bare}`,
      `v1=${bare}`,
      `v1,${bare.replace('=', '')}`,
      `v1,${bare}=`,
      `v1,${Buffer.from(bare, 'base64').toString('hex')}`,
      `v1, ${bare}`,
      ' ',
    ])
      expect(await asked({ signature })).toEqual(no('signature_malformed'))
    for (const stamp of ['1614265330.5', ' ', 'now', '-5', '1e9'])
      expect(await ask(of, sentAs(of, vector, stamp), vector.secret)).toEqual(no('signature_malformed'))
  })
})

function sentAs(of: StandardWebhooks, vector: Vector, stamp: string) {
  const given = sent(of, vector)
  const name = `${of.headers ?? 'webhook'}-timestamp`
  const lines = given
    .headerNames()
    .flatMap((header) => [header, header === name ? stamp : given.header(header)!])
  return delivery({ lines, body: vector.body, at: given.receivedAt })
}

test('each of the three headers stands there once', async () => {
  const vector = vectors[0]![2]
  const given = sent(scheme, vector)
  const all = given.headerNames().map((name) => [name, given.header(name)!])
  for (const header of all) {
    const without = all.filter((other) => other !== header).flat()
    const asked = (lines: string[]) =>
      ask(scheme, delivery({ lines, body: vector.body, at: given.receivedAt }), vector.secret)
    expect(await asked(without)).toEqual(no('signature_missing'))
    expect(await asked([...all.flat(), ...header])).toEqual(no('signature_repeated'))
  }
})

test.each(['', 'whsec_', 'whsec_!', 'whsec_AAA', 'v1,whsec_', 'whsec_AAB='])(
  'a key that is no base64 verifies nothing: "%s"',
  async (secret) => {
    expect(await ask(scheme, sent(scheme, vectors[0]![2]), secret)).toEqual(no('no_secret'))
    if (secret) expect(await sign(scheme, delivery({}), Secret.of(secret))).toBeNull()
  },
)

test('a key that is none beside one that fits does no harm', async () => {
  const vector = vectors[0]![2]
  expect(await ask(scheme, sent(scheme, vector), 'whsec_!', vector.secret)).toEqual(yes)
})

test('what the official package signs we accept, and what we sign it accepts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), keys, async (body, secret) => {
      const signature = new Webhook(secret).sign('msg_1', AT, body)
      const vector = { secret, id: 'msg_1', stamp: String(AT.getTime() / 1_000), body, signature }
      expect(await ask(scheme, sent(scheme, vector), secret)).toEqual(yes)

      // The package looks at the clock, so this one is of now.
      const ours = (await sign(scheme, delivery({ body: '{}', at: new Date() }), Secret.of(secret)))!
      const headers = Object.fromEntries(ours.headerNames().map((name) => [name, ours.header(name)!]))
      expect(new Webhook(secret).verify('{}', headers)).toEqual({})
    }),
    { numRuns: 50 },
  )
})

test('any body, any key', async () => {
  await signedIsAccepted(scheme, keys)
  await changedIsRefused(svix, keys)
  await hostileIsRefused(scheme, ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
})
