import { describe, expect, test } from '@jest/globals'
import { remembering, sns } from './sns.ts'
import { ask, AT, delivery, no, yes } from './testing/ask.ts'
import {
  certificate,
  confirmation,
  confirmationSigned,
  notification,
  signedWithSha1,
  signedWithSha256,
} from './testing/sns-vectors.ts'

const ours = notification.TopicArn
const sent = { ...notification, SignatureVersion: '2', Signature: signedWithSha256 }

/** The verdict, and what was fetched to find it. */
async function asked(body: object, { at = AT, topic = ours } = {}) {
  const fetched: string[] = []
  const scheme = sns({
    topic: (arn) => arn === topic,
    fetchText: async (url) => {
      fetched.push(url.href)
      return certificate
    },
  })
  const verdict = await ask(scheme, delivery({ body: JSON.stringify(body), at }))
  return { verdict, fetched }
}

describe("the sheet's vectors", () => {
  test.each([
    ['a notification, SHA-256', sent],
    ['a notification, SHA-1', { ...sent, SignatureVersion: '1', Signature: signedWithSha1 }],
    ['a confirmation', { ...confirmation, SignatureVersion: '2', Signature: confirmationSigned }],
  ])('%s', async (_, body) => {
    expect(await asked(body)).toEqual({ verdict: yes, fetched: [notification.SigningCertURL] })
  })

  test.each(['Message', 'MessageId', 'Subject', 'Timestamp'] as const)(
    'a changed %s is refused',
    async (name) => {
      const value = name === 'Timestamp' ? '2026-01-10T09:00:01.000Z' : `${sent[name]} `
      expect((await asked({ ...sent, [name]: value })).verdict).toEqual(no('signature_mismatch'))
    },
  )

  test('a version that the signature is not of is refused', async () => {
    for (const SignatureVersion of ['1', '3', '', 2, undefined, 'constructor'])
      expect((await asked({ ...sent, SignatureVersion })).verdict.ok).toBe(false)
  })

  test('an hour early or late is in time, a second more is not', async () => {
    const at = (seconds: number) => new Date(AT.getTime() + seconds * 1_000)
    for (const late of [3_600, -3_600]) expect((await asked(sent, { at: at(late) })).verdict).toEqual(yes)
    for (const late of [3_601, -3_601])
      expect(await asked(sent, { at: at(late) })).toEqual({
        verdict: no('timestamp_out_of_tolerance'),
        fetched: [],
      })
  })
})

test.each<[string, object]>([
  ['no Message', { ...sent, Message: undefined }],
  ['a Message that is no text', { ...sent, Message: {} }],
  ['no MessageId', { ...sent, MessageId: null }],
  ['another Type', { ...sent, Type: 'SubscriptionConfirmationX' }],
  [
    'a confirmation without its Token',
    { ...confirmation, ...sent, Type: 'SubscriptionConfirmation', Token: undefined },
  ],
  ['a Message of half a character', { ...sent, Message: '\ud800' }],
])('%s: unreadable, and nothing is fetched', async (_, body) => {
  expect(await asked(body)).toEqual({ verdict: no('unreadable_body'), fetched: [] })
})

test('a topic that is not ours is refused, whoever signed it', async () => {
  expect(await asked(sent, { topic: `${ours}2` })).toEqual({ verdict: no('unreadable_body'), fetched: [] })
})

test.each([
  'http://sns.me-south-1.amazonaws.com/a.pem',
  'https://sns.me-south-1.amazonaws.com.evil.example/a.pem',
  'https://evil.example/sns.me-south-1.amazonaws.com/a.pem',
  'https://sns.me-south-1.amazonaws.com@evil.example/a.pem',
  'https://evil@sns.me-south-1.amazonaws.com/a.pem',
  'https://sns.me-south-1.amazonaws.com:8443/a.pem',
  'https://sns.eu-west-1.amazonaws.com/a.pem',
  'https://sns.amazonaws.com/a.pem',
  'https://xsns.me-south-1.amazonaws.com/a.pem',
  'https://sns.me-south-1.amazonaws.com./a.pem',
  'https://sns.me-south-1.amazonaws.com/a.pem?n=1',
  'https://sns.me-south-1.amazonaws.com/a.pem#n',
  'https://sns.me-south-1.amazonaws.com/?a=.pem',
  'https://sns.me-south-1.amazonaws.com/a/b.pem',
  'https://sns.me-south-1.amazonaws.com/%2e%2e.pem',
  'https://sns.me-south-1.amazonaws.com/a.txt',
  'file:///etc/ssl/a.pem',
  'a.pem',
  '',
])('no certificate is fetched from %s', async (SigningCertURL) => {
  expect(await asked({ ...sent, SigningCertURL })).toEqual({ verdict: no('unreadable_body'), fetched: [] })
})

test.each([
  'https://sns.me-south-1.amazonaws.com/SimpleNotificationService-abc.pem',
  'https://sns.me-south-1.amazonaws.com.cn/SimpleNotificationService-abc.pem',
  'https://SNS.me-south-1.amazonaws.com:443/a_b.pem',
])('one is from %s', async (SigningCertURL) => {
  expect((await asked({ ...sent, SigningCertURL })).verdict).toEqual(yes)
})

test.each(['arn:aws:sns', 'arn:aws:sns:evil.example/:1:t', 'arn:aws:sns::1:t', 'arn:aws:sns:x@y:1:t'])(
  'the region of %s names no host',
  async (TopicArn) => {
    const [, , , region = ''] = TopicArn.split(':')
    const SigningCertURL = `https://sns.${region}.amazonaws.com/a.pem`
    expect((await asked({ ...sent, TopicArn, SigningCertURL }, { topic: TopicArn })).fetched).toEqual([])
  },
)

describe('certificates are remembered', () => {
  const url = new URL(notification.SigningCertURL)

  test('once fetched, also by two who ask at once', async () => {
    let times = 0
    const fetchText = remembering(async () => `certificate ${++times}`)
    const both = await Promise.all([fetchText(url), fetchText(url)])
    expect([...both, await fetchText(url)]).toEqual(['certificate 1', 'certificate 1', 'certificate 1'])
    expect(await fetchText(new URL('/other.pem', url))).toBe('certificate 2')
  })

  test('a failure is not', async () => {
    let times = 0
    const fetchText = remembering(async () => {
      if (++times === 1) throw new Error('away')
      return certificate
    })
    await expect(fetchText(url)).rejects.toThrow('away')
    expect(await fetchText(url)).toBe(certificate)
  })

  test('32 at most: nobody fills the memory with addresses', async () => {
    let times = 0
    const fetchText = remembering(async () => `${++times}`)
    for (let n = 0; n <= 32; n++) await fetchText(new URL(`/${n}.pem`, url))
    await fetchText(new URL('/0.pem', url))
    expect(times).toBe(34)
  })
})
