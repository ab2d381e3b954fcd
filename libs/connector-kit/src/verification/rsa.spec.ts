import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Rsa } from './rsa.ts'
import { ask, AT, delivery, no, yes } from './testing/ask.ts'
import { certificate, notification, signedWithSha256 } from './testing/sns-vectors.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()
const pem = pemOf(publicKey)
const signed = (text: string, key = privateKey): string =>
  createSign('RSA-SHA256').update(text).sign(key, 'base64')
const signature = signed('the text')

function scheme(over: Partial<Rsa> = {}): Rsa {
  return {
    scheme: 'rsa',
    signed: () => 'the text',
    signature: () => signature,
    algorithm: () => 'RSA-SHA256',
    certificate: async () => pem,
    signedAt: () => AT,
    ...over,
  }
}
const asked = (over: Partial<Rsa> = {}) => ask(scheme(over), delivery({}))

test('the lent certificate decides', async () => {
  expect(await asked()).toEqual(yes)
  expect(await asked({ signed: () => 'another' })).toEqual(no('signature_mismatch'))
  expect(await asked({ algorithm: () => 'RSA-SHA1' })).toEqual(no('signature_mismatch'))
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  expect(await asked({ certificate: async () => pemOf(other.publicKey) })).toEqual(no('signature_mismatch'))
})

test('no RSA key of 2048 bits, no acceptance', async () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const key of [short, curve]) {
    const of = {
      signature: () => signed('the text', key.privateKey),
      certificate: async () => pemOf(key.publicKey),
    }
    expect(await asked(of)).toEqual(no('signature_mismatch'))
  }
  for (const text of ['', 'no pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])
    expect(await asked({ certificate: async () => text })).toEqual(no('signature_mismatch'))
})

test.each([
  ['2019-12-31T23:59:59Z', no('signature_mismatch')],
  ['2020-01-01T00:00:00Z', yes],
  ['2050-01-01T00:00:00Z', yes],
  ['2050-01-01T00:00:01Z', no('signature_mismatch')],
])('a certificate is good for its own years only: %s', async (at, verdict) => {
  const names = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const
  const of = scheme({
    signed: () => names.map((name) => `${name}\n${notification[name]}\n`).join(''),
    signature: () => signedWithSha256,
    certificate: async () => certificate,
  })
  delete of.signedAt
  expect(await ask(of, delivery({ at: new Date(at) }))).toEqual(verdict)
})

test('a certificate that cannot be had accepts nothing, and says whose fault it is', async () => {
  await expect(asked({ certificate: () => Promise.reject(new Error('away')) })).rejects.toThrow('away')
})

test('what is refused without the certificate does not ask for it', async () => {
  let times = 0
  const certificate = async (): Promise<string> => {
    times++
    return pem
  }
  const cases: [Partial<Rsa>, Awaited<ReturnType<typeof asked>>][] = [
    [{ signature: () => undefined }, no('signature_missing')],
    [{ signature: () => '' }, no('signature_missing')],
    [{ signature: () => 'not base64' }, no('signature_malformed')],
    [{ signature: () => signature.replace(/=*$/, '') }, no('signature_malformed')],
    [{ signature: () => 'A'.repeat(9_000_000) }, no('signature_malformed')],
    [{ algorithm: () => null }, no('unreadable_body')],
    [{ signed: () => null }, no('unreadable_body')],
    [{ signed: () => 'half \ud800' }, no('unreadable_body')],
    [{ signedAt: () => null }, no('signature_malformed')],
    [{ signedAt: () => new Date(NaN) }, no('timestamp_out_of_tolerance')],
    [{ signedAt: () => new Date(AT.getTime() + 300_001) }, no('timestamp_out_of_tolerance')],
    [{ signedAt: () => new Date(AT.getTime() - 300_001) }, no('timestamp_out_of_tolerance')],
    [{ signedAt: () => new Date(0), toleranceS: 3_600 }, no('timestamp_out_of_tolerance')],
  ]
  for (const [over, verdict] of cases) expect(await asked({ ...over, certificate })).toEqual(verdict)
  expect(times).toBe(0)
  expect(await asked({ signedAt: () => new Date(AT.getTime() - 300_000), certificate })).toEqual(yes)
  expect(times).toBe(1)
})

test('any text is accepted as signed, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (text, other) => {
      const of = { signature: () => signed(text) }
      expect(await asked({ ...of, signed: () => text })).toEqual(yes)
      expect((await asked({ ...of, signed: () => other })).ok).toBe(other === text)
    }),
    { numRuns: 30 },
  )
})

test('any signature of the right length is refused, without a throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 256, maxLength: 256 }), async (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      expect(await asked({ signature: () => text })).toEqual(no('signature_mismatch'))
    }),
  )
})
