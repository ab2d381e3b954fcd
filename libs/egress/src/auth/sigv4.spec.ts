import { field, secret } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { describe, expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import type { Draft } from './authentication.ts'
import { sigv4Proof } from './sigv4.ts'

const words = { label: { en: 'Key', ar: 'المفتاح' }, help: { en: 'x', ar: 'س' } }
const _fields = { id: secret(words), key: secret(words), token: secret(words), region: field(words) }
const auth = {
  kind: 'sign',
  scheme: 'sigv4',
  region: 'region',
  accessKeyId: 'id',
  secretAccessKey: 'key',
  sessionToken: 'token',
} as const

function proofOf(
  service: string,
  { id, key, region, token }: { id: string; key: string; region: string; token?: string },
  draft: Partial<Draft> & { url: URL },
  date: string,
) {
  const creds = { id: Secret.of(id), key: Secret.of(key), region, token: token && Secret.of(token) }
  return sigv4Proof<typeof _fields>(
    { ...auth, service },
    creds as never,
    { method: 'GET', headers: {}, body: undefined, ...draft },
    new Date(date),
  )
}

const SUITE = { id: 'AKIDEXAMPLE', key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', region: 'us-east-1' }
const DOCS = { id: 'AKIAIOSFODNN7EXAMPLE', key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const R2 = {
  id: '0123456789abcdef0123456789abcdef',
  key: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
  region: 'auto',
}

describe('signs as the published vectors do', () => {
  test.each([
    [
      'get-vanilla of the suite',
      'service',
      SUITE,
      { url: new URL('https://example.amazonaws.com/') },
      '2015-08-30T12:36:00Z',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'who am I, in Bahrain',
      'sts',
      { ...DOCS, region: 'me-south-1' },
      {
        method: 'POST',
        url: new URL('https://sts.me-south-1.amazonaws.com/'),
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', accept: 'x' },
        body: 'Action=GetCallerIdentity&Version=2011-06-15',
      },
      '2026-01-10T09:00:00Z',
      '2df1e1a5c8a419b1e5219157eacb393709f1a956f98a1320721ed7520bb57cf9',
    ],
    [
      'a list in the Emirates',
      's3',
      { ...DOCS, region: 'me-central-1' },
      { url: new URL('https://s3.me-central-1.amazonaws.com/example-bucket?list-type=2&max-keys=1') },
      '2026-01-10T09:00:00Z',
      '10235e2c2038ab9b8227f661485df043503f0dd824781a7895f63c5ee814e0f4',
    ],
    [
      'a list at Cloudflare',
      's3',
      R2,
      {
        url: new URL(
          'https://0f1e2d3c4b5a69788796a5b4c3d2e1f0.r2.cloudflarestorage.com/example-bucket?max-keys=1&list-type=2',
        ),
      },
      '2026-01-10T09:00:00Z',
      '1118e59043e303a14641d971bbafc6aed2cb3b90ee2007895e8f6b571fe804ed',
    ],
  ])('%s', async (_, service, creds, draft, date, signature) => {
    const { headers } = await proofOf(service, creds, draft, date)
    expect(headers.authorization).toMatch(new RegExp(`^AWS4-HMAC-SHA256 Credential=${creds.id}/`))
    expect(headers.authorization).toContain(`Signature=${signature}`)
  })
})

test('what is sent is what was signed: blanks and signs of the query are escaped strictly', async () => {
  const url = new URL("https://s3.me-central-1.amazonaws.com/b?prefix=a b+c&x=*'()~&flag&x=1")
  const proof = await proofOf('s3', { ...DOCS, region: 'me-central-1' }, { url }, '2026-01-10T09:00:00Z')
  expect(proof.url?.search).toBe('?prefix=a%20b%20c&x=%2A%27%28%29~&flag=&x=1')
})

test('a session token is signed and sent, the host is left to the socket', async () => {
  const url = new URL('https://sts.me-south-1.amazonaws.com/')
  const { headers } = await proofOf('sts', { ...SUITE, token: 'session' }, { url }, '2026-01-10T09:00:00Z')
  expect(headers).toMatchObject({ 'x-amz-security-token': 'session' })
  expect(headers.authorization).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token')
  expect(headers).not.toHaveProperty('host')
})

test('a body that nobody has read is signed for S3 as such, and for nobody else', async () => {
  const draft = {
    method: 'PUT',
    url: new URL('https://s3.me-central-1.amazonaws.com/b/k'),
    body: Readable.from(['x']),
  }
  const { headers } = await proofOf('s3', SUITE, draft, '2026-01-10T09:00:00Z')
  expect(headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD')
  await expect(proofOf('sts', SUITE, draft, '2026-01-10T09:00:00Z')).rejects.toMatchObject({
    code: 'invalid_request',
    effect: 'none',
  })
})
