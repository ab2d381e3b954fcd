import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type BasicAuth, type StaticSecret } from './static-secret.ts'
import { ask, delivery, no, yes } from './testing/ask.ts'
import { hostileIsRefused, signedIsAccepted } from './testing/properties.ts'

const url = 'https://wasl.example/webhooks/x/k'
const token: StaticSecret = { scheme: 'static_secret', at: { header: 'x-gitlab-token' } }
const bearer: StaticSecret = { ...token, at: { header: 'authorization' }, prefix: 'Bearer ' }
const zid: BasicAuth = { scheme: 'basic', username: 'zid-hook' }

describe.each<[string, StaticSecret | BasicAuth, string, Parameters<typeof delivery>[0]]>([
  ['GitLab, in a header', token, 'gl-token-7f3a', { headers: { 'X-Gitlab-Token': 'gl-token-7f3a' } }],
  ['behind a word', bearer, 'hook 7f3a', { headers: { Authorization: 'Bearer hook 7f3a' } }],
  [
    'Mailchimp, in the query',
    { scheme: 'static_secret', at: { query: 'secret' } },
    'mc hook+7f3a',
    { url: `${url}?secret=mc%20hook%2B7f3a` },
  ],
  [
    'in the body',
    { scheme: 'static_secret', at: { body: ['meta', 'token'] } },
    'سر',
    { body: '{"meta":{"token":"سر"}}' },
  ],
  ['Zid, as Basic', zid, 'zid-pass', { headers: { Authorization: 'Basic emlkLWhvb2s6emlkLXBhc3M=' } }],
  [
    'Infobip, as Basic in small letters',
    { scheme: 'basic', username: 'hook-user' },
    'hook-pass',
    { headers: { authorization: 'basic aG9vay11c2VyOmhvb2stcGFzcw==' } },
  ],
])('%s', (_, scheme, secret, sent) => {
  test('is accepted with its secret, whichever of two it is', async () => {
    expect(await ask(scheme, delivery(sent), secret)).toEqual(yes)
    expect(await ask(scheme, delivery(sent), 'former', secret)).toEqual(yes)
  })

  test('is refused with another, a part of it, an empty one, none, or when it is missing', async () => {
    for (const other of [secret.toUpperCase(), `${secret} `, secret.slice(1), secret.slice(0, -1)])
      if (other !== secret) expect(await ask(scheme, delivery(sent), other)).toEqual(no('signature_mismatch'))
    expect(await ask(scheme, delivery(sent), '')).toEqual(no('no_secret'))
    expect(await ask(scheme, delivery(sent))).toEqual(no('no_secret'))
    expect(await ask(scheme, delivery({ body: '{}' }), secret)).toEqual(no('signature_missing'))
  })

  test('whatever the body and the secret are', () => signedIsAccepted(scheme))
  test('what is hostile is refused', () => hostileIsRefused(scheme, ['x-gitlab-token', 'authorization']))
})

test('repeated in header or query it is refused, even where both are right', async () => {
  const lines = ['X-Gitlab-Token', 'a', 'x-gitlab-token', 'a']
  expect(await ask(token, delivery({ lines }), 'a')).toEqual(no('signature_repeated'))
  const inQuery: StaticSecret = { ...token, at: { query: 'secret' } }
  expect(await ask(inQuery, delivery({ url: `${url}?secret=a&secret=a` }), 'a')).toEqual(
    no('signature_repeated'),
  )
})

test.each(['bearer a', 'Bearer', 'Bearera', ' Bearer a', 'a', 'Basic a'])(
  '"%s" is no "Bearer a"',
  async (value) => {
    expect((await ask(bearer, delivery({ headers: { authorization: value } }), 'a')).ok).toBe(false)
  },
)

test.each([
  'Basic',
  'Basic ',
  'Basic  emlkLWhvb2s6emlkLXBhc3M=',
  'Basic emlkLWhvb2s6emlkLXBhc3M',
  'Basic emlkLWhvb2s6emlkLXBhc3N=',
  'Basic zid-hook:zid-pass',
  'Bearer emlkLWhvb2s6emlkLXBhc3M=',
])('"%s" is no well-formed Basic', async (value) => {
  expect(await ask(zid, delivery({ headers: { authorization: value } }), 'zid-pass')).toEqual(
    no('signature_malformed'),
  )
})

test('Basic of another user is refused, also where user and secret share their letters otherwise', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (user, password) => {
      const pair = Buffer.from(`${user}:${password}`).toString('base64')
      const given = delivery({ headers: { authorization: `Basic ${pair}` } })
      const right = `${user}:${password}` === 'zid-hook:zid-pass'
      expect((await ask(zid, given, 'zid-pass')).ok).toBe(right)
    }),
  )
})

test('a member that is inherited is no secret', async () => {
  const scheme: StaticSecret = { ...token, at: { body: ['constructor', 'name'] } }
  expect(await ask(scheme, delivery({ body: '{}' }), 'Object')).toEqual(no('signature_missing'))
  const own: StaticSecret = { ...token, at: { body: ['__proto__', 'x'] } }
  expect(await ask(own, delivery({ body: '{"__proto__":{"x":"y"}}' }), 'y')).toEqual(yes)
})
