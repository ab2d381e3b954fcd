import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import { type Jwt } from './jwt.ts'
import { ask, delivery, no, NOW_S, yes } from './testing/ask.ts'
import { changedIsRefused, hostileIsRefused, signedIsAccepted } from './testing/properties.ts'

const scheme: Jwt = {
  scheme: 'jwt',
  at: [{ header: 'authorization' }, { query: 'token' }],
  prefix: 'Bearer ',
  issuer: 'Tamara',
}
const KEY = 'tamara-notification-token-vector-0001'
const TOKEN =
  'eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3NjcyMjY1MDAsImlhdCI6MTc2NzIyNTYwMCwiaXNzIjoiVGFtYXJhIn0.' +
  'Qd6IuW4frA10XzPTInh6_35ProHU5mNYXSYmgakAdCw'

const bearer = (token: string, at?: Date) => delivery({ headers: { authorization: `Bearer ${token}` }, at })
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { iss: 'Tamara', exp: NOW_S + 60 }

/** Any header over any claims, with a true HMAC under it. */
function made(header: object, payload: object = claims, hash = 'sha256', secret = KEY): string {
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}
const HS256 = { alg: 'HS256', typ: 'JWT' }

describe("Tamara, the sheet's vector", () => {
  const at = (seconds: number): Date => new Date(seconds * 1_000)

  test('is accepted while it lasts, and half a minute more: clocks differ', async () => {
    expect(await ask(scheme, bearer(TOKEN, at(1_767_225_610)), KEY)).toEqual(yes)
    expect(await ask(scheme, bearer(TOKEN, at(1_767_225_610)), 'former', KEY)).toEqual(yes)
    expect(await ask(scheme, bearer(TOKEN, at(1_767_226_529)), KEY)).toEqual(yes)
    for (const late of [1_767_226_530, 1_767_226_600])
      expect(await ask(scheme, bearer(TOKEN, at(late)), KEY)).toEqual(no('timestamp_out_of_tolerance'))
  })

  test('is refused with another key, a changed part, another issuer', async () => {
    const now = at(1_767_225_610)
    expect(await ask(scheme, bearer(TOKEN, now), `${KEY}x`)).toEqual(no('signature_mismatch'))
    expect(await ask({ ...scheme, issuer: 'tamara' }, bearer(TOKEN, now), KEY)).toEqual(
      no('signature_mismatch'),
    )
    const [head = '', , signature = ''] = TOKEN.split('.')
    const longer = part({ exp: 1_999_999_999, iat: 1_767_225_600, iss: 'Tamara' })
    expect(await ask(scheme, bearer(`${head}.${longer}.${signature}`, now), KEY)).toEqual(
      no('signature_mismatch'),
    )
  })

  test('the last of two keys that do not fit does not hide that time is over for the one that did', async () => {
    expect(await ask(scheme, bearer(TOKEN, at(1_767_226_600)), KEY, 'other')).toEqual(
      no('timestamp_out_of_tolerance'),
    )
  })
})

describe('Vonage: the body by its hash, the age by iat', () => {
  const vonage: Jwt = {
    scheme: 'jwt',
    at: [{ header: 'authorization' }],
    prefix: 'Bearer ',
    issuer: 'Vonage',
    maxAgeS: 300,
    bodyHash: 'payload_hash',
  }
  const body =
    '{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"966500000000","from":"Brand","timestamp":"2026-01-10T09:00:00.000Z","status":"delivered","channel":"sms"}'
  const authorization =
    'Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE3NjgwMzU2MDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImY0Y2E5NDc1ZWQzMTA0OWVjZDVmY2Y1YWFiY2RlOTliYjljNTBkZjVkNGI4ZTM0NTk2MGU0OTQ3N2U3YzIyNTUiLCJhcGlfa2V5IjoiYTFiMmMzZCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYWFhYWEtYmJiYi00Y2NjLThkZGQtMDEyMzQ1Njc4OWFiIn0.N-cbER_JtqFZaz6p8qyDaPhHPyoryw1oqyynLlXaK2w' // vector: providers/oauth_and_rest.md
  const secret = 'vonage-test-signature-secret'
  const sent = (text = body, late = 0) =>
    delivery({ headers: { authorization }, body: text, at: new Date((NOW_S + late) * 1_000) })

  test("the sheet's vector", async () => {
    expect(await ask(vonage, sent(), secret)).toEqual(yes)
    expect(await ask(vonage, sent(`${body} `), secret)).toEqual(no('signature_mismatch'))
    expect(await ask(vonage, sent(''), secret)).toEqual(no('signature_mismatch'))
    for (const late of [331, -31])
      expect(await ask(vonage, sent(body, late), secret)).toEqual(no('timestamp_out_of_tolerance'))
  })

  test('a token without the hash says nothing about the body', async () => {
    const without = made(HS256, { iss: 'Vonage', iat: NOW_S })
    expect(await ask(vonage, bearer(without), KEY)).toEqual(no('signature_mismatch'))
  })

  test('any body, any secret', async () => {
    await signedIsAccepted(vonage)
    await changedIsRefused(vonage)
  })
})

describe('a token that would like to choose how it is judged', () => {
  test.each<[string, string]>([
    ['no signature', `${part({ alg: 'none' })}.${part(claims)}.`],
    ['none, with one', made({ alg: 'none' })],
    ['None', made({ alg: 'None' })],
    ['an algorithm that is missing', made({ typ: 'JWT' })],
    ['HS384', made({ alg: 'HS384' }, claims, 'sha384')],
    ['HS512', made({ alg: 'HS512' }, claims, 'sha512')],
    ['hs256', made({ alg: 'hs256' })],
    ['RS256 in name', made({ alg: 'RS256' })],
    ['an extension that must be understood', made({ ...HS256, crit: ['exp'], exp: 1 })],
    ['an unencoded payload', made({ ...HS256, crit: ['b64'], b64: false })],
    ['an empty crit', made({ ...HS256, crit: [] })],
    ['encryption', `${part({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
    ['claims that are no object', made(HS256, [])],
    ['four parts', `${made(HS256)}.AAAA`],
    ['padding', `${made(HS256)}=`],
    ['a blank', `${made(HS256)} `],
  ])('%s: malformed', async (_, token) => {
    expect(await ask(scheme, bearer(token), KEY)).toEqual(no('signature_malformed'))
  })

  test('unused bits of the signature are zero: one token, one writing', async () => {
    const token = made(HS256)
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const loose = token.slice(0, -1) + letters[letters.indexOf(token.at(-1)!) + 1]
    expect(Buffer.from(loose, 'base64url')).toEqual(Buffer.from(token, 'base64url'))
    expect(await ask(scheme, bearer(token), KEY)).toEqual(yes)
    expect(await ask(scheme, bearer(loose), KEY)).toEqual(no('signature_malformed'))
  })

  test('a key that the token brings along, or points at, is not looked at', async () => {
    const mine = { kty: 'oct', k: Buffer.from('mine').toString('base64url') }
    for (const header of [
      { jwk: mine },
      { kid: '../../mine' },
      { jku: 'https://evil.example/' },
      { x5c: ['AAAA'] },
    ]) {
      const forged = made({ ...HS256, ...header }, claims, 'sha256', 'mine')
      expect(await ask(scheme, bearer(forged), KEY)).toEqual(no('signature_mismatch'))
      expect(await ask(scheme, bearer(made({ ...HS256, ...header })), KEY)).toEqual(yes)
    }
  })

  test('a true RSA signature proves nothing here', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)
    expect(await ask(scheme, bearer(token), KEY)).toEqual(no('signature_malformed'))
  })
})

describe('it ends', () => {
  test.each<[string, object]>([
    ['no exp', { iss: 'Tamara' }],
    ['exp as text', { iss: 'Tamara', exp: String(NOW_S + 60) }],
    ['exp null', { iss: 'Tamara', exp: null }],
    ['no issuer', { exp: NOW_S + 60 }],
    ['issuers in a list', { iss: ['Tamara'], exp: NOW_S + 60 }],
  ])('%s: refused', async (_, payload) => {
    expect((await ask(scheme, bearer(made(HS256, payload)), KEY)).ok).toBe(false)
  })

  test.each<[object, boolean]>([
    [{ exp: NOW_S - 29 }, true],
    [{ exp: NOW_S - 31 }, false],
    [{ exp: NOW_S + 60, nbf: NOW_S + 29 }, true],
    [{ exp: NOW_S + 60, nbf: NOW_S + 31 }, false],
  ])('%j: %s', async (times, ok) => {
    const verdict = await ask(scheme, bearer(made(HS256, { iss: 'Tamara', ...times })), KEY)
    expect(verdict).toEqual(ok ? yes : no('timestamp_out_of_tolerance'))
  })

  test('where age counts, iat is needed, and exp still ends it', async () => {
    const aged: Jwt = { ...scheme, maxAgeS: 300 }
    const asked = (payload: object) => ask(aged, bearer(made(HS256, { iss: 'Tamara', ...payload })), KEY)
    expect(await asked({ iat: NOW_S - 329 })).toEqual(yes)
    for (const times of [{ iat: NOW_S - 331 }, { iat: NOW_S + 31 }, { iat: NOW_S, exp: NOW_S - 31 }, {}])
      expect(await asked(times)).toEqual(no('timestamp_out_of_tolerance'))
  })
})

describe('where it stands', () => {
  const token = made(HS256)
  const url = `https://wasl.example/k?token=${token}`

  test('in the header first, else in the query', async () => {
    expect(await ask(scheme, delivery({ url }), KEY)).toEqual(yes)
    expect(await ask(scheme, delivery({ url, headers: { authorization: 'Basic eDp5' } }), KEY)).toEqual(yes)
    // The preferred place decides, even where another would be better.
    expect(await ask(scheme, delivery({ url, headers: { authorization: 'Bearer x' } }), KEY)).toEqual(
      no('signature_malformed'),
    )
    expect(await ask(scheme, delivery({}), KEY)).toEqual(no('signature_missing'))
  })

  test('twice, or without a secret, it is refused', async () => {
    const lines = ['authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`]
    expect(await ask(scheme, delivery({ url, lines }), KEY)).toEqual(no('signature_repeated'))
    expect(await ask(scheme, delivery({ url: `${url}&token=${token}` }), KEY)).toEqual(
      no('signature_repeated'),
    )
    expect(await ask(scheme, bearer(token))).toEqual(no('no_secret'))
    expect(await ask(scheme, bearer(made(HS256, claims, 'sha256', '')), '')).toEqual(no('no_secret'))
  })
})

test('any secret, and anything hostile', async () => {
  await signedIsAccepted(scheme)
  await hostileIsRefused(scheme, ['authorization'])
})
