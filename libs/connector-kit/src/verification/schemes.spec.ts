import { expect, test } from '@jest/globals'
import { inspect } from 'node:util'
import { Secret } from '@app/secrets'
import { type Scheme, sign, verify } from './schemes.ts'
import { AT, delivery, no } from './testing/ask.ts'

const schemes: Scheme[] = [
  { scheme: 'hmac', algorithm: 'sha256', signed: 'raw_body', at: { header: 'x' }, encoding: 'hex' },
  { scheme: 'timestamped_hmac', at: { header: 'x' } },
  { scheme: 'standard_webhooks' },
  { scheme: 'static_secret', at: { header: 'x' } },
  { scheme: 'basic', username: 'x' },
  { scheme: 'jwt', at: [{ header: 'x' }] },
]
const KEY = Buffer.from('a key that is also base64').toString('base64')

test.each(schemes.map((scheme) => [scheme.scheme, scheme] as const))(
  '%s: without a secret that says something nothing is asked, and nothing is accepted',
  async (_, scheme) => {
    const signed = (await sign(scheme, delivery({ body: '{}' }), Secret.of(KEY)))!
    expect(await verify(scheme, signed, [Secret.of(KEY)])).toEqual({ ok: true })
    expect(await verify(scheme, signed, [])).toEqual(no('no_secret'))
    expect(await verify(scheme, signed, [Secret.of(''), Secret.of('')])).toEqual(no('no_secret'))
    expect(await verify(scheme, signed, [Secret.of(''), Secret.of(KEY)])).toEqual({ ok: true })
  },
)

test.each(schemes.map((scheme) => [scheme.scheme, scheme] as const))(
  '%s: a verdict tells nothing of the secret',
  async (_, scheme) => {
    const verdict = await verify(scheme, delivery({ headers: { x: 'y' } }), [Secret.of(KEY)])
    expect(verdict.ok).toBe(false)
    expect(inspect(verdict)).not.toContain(KEY)
  },
)

test('signing again replaces what stood there', async () => {
  for (const scheme of schemes) {
    const once = (await sign(scheme, delivery({ body: '{}' }), Secret.of('Zm9ybWVy')))!
    const again = (await sign(scheme, once, Secret.of(KEY)))!
    expect(await verify(scheme, again, [Secret.of(KEY)])).toEqual({ ok: true })
  }
})

test('nobody but the provider signs with RSA', async () => {
  const scheme: Scheme = {
    scheme: 'rsa',
    signed: () => '',
    signature: () => '',
    algorithm: () => null,
    certificate: async () => '',
    signedAt: () => AT,
  }
  expect(await sign(scheme, delivery({}), Secret.of(KEY))).toBeNull()
})
