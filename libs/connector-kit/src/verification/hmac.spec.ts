import { describe, expect, test } from '@jest/globals'
import { type Hmac } from './hmac.ts'
import { overParts } from './signed.ts'
import { ask, AT, delivery, no, NOW_S, yes } from './testing/ask.ts'
import { changedIsRefused, hostileIsRefused, signedIsAccepted } from './testing/properties.ts'

const plain: Hmac = {
  scheme: 'hmac',
  algorithm: 'sha256',
  signed: 'raw_body',
  at: { header: 'x-signature' },
  encoding: 'hex',
}
const github: Hmac = { ...plain, at: { header: 'x-hub-signature-256' }, prefix: 'sha256=' }
const slack: Hmac = {
  ...plain,
  signed: overParts({ text: 'v0:' }, { header: 'x-slack-request-timestamp' }, { text: ':' }, 'raw_body'),
  at: { header: 'x-slack-signature' },
  prefix: 'v0=',
  timestamp: { at: { header: 'x-slack-request-timestamp' } },
}
const hubspot: Hmac = {
  ...plain,
  signed: overParts('method', 'url', 'raw_body', { header: 'x-hubspot-request-timestamp' }),
  at: { header: 'x-hubspot-signature-v3' },
  encoding: 'base64',
  timestamp: { at: { header: 'x-hubspot-request-timestamp' }, unit: 'ms' },
}
const slackBody =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
  '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
  '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.' +
  '803a0bc887a14d10d2c447fce8b6703c'
const slackSent = {
  body: slackBody,
  headers: {
    'X-Slack-Request-Timestamp': '1531420618',
    'X-Slack-Signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  },
  at: new Date(1_531_420_618_000),
}
const hubspotSent = {
  body:
    '[{"eventId":100,"subscriptionId":190,"portalId":62515,"subscriptionType":"contact.creation","objectId":123,' +
    '"occurredAt":1768035600000}]',
  url: 'https://app.example.com/hooks/hubspot',
  headers: {
    'X-HubSpot-Request-Timestamp': '1768035600000',
    'X-HubSpot-Signature-v3': 'h8ddmg7E/0AlV4vSlZ/h6eUtXIqD1fcMv5fZfNs3sDE=',
  },
}

/** Published by the provider, or computed on its sheet from what it documents. */
const vectors: [string, Hmac, string, Parameters<typeof delivery>[0]][] = [
  [
    'GitHub, official',
    github,
    "It's a Secret to Everybody",
    {
      body: 'Hello, World!',
      headers: {
        'X-Hub-Signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      },
    },
  ],
  [
    'GitHub, Arabic',
    github,
    'gh-test-secret',
    {
      body: '{"zen":"مرحبا"}',
      headers: {
        'x-hub-signature-256': 'sha256=0c43bd30c17ff8a72ba469917ccbb08373ae739dd3b0279df67958924cc749ee',
      },
    },
  ],
  ['Slack, official', slack, '8f742231b10e8888abcd99yyyzzz85a5', slackSent],
  ['HubSpot v3', hubspot, 'hs-client-secret-test', hubspotSent],
  [
    "Square, the SDK's own",
    {
      ...plain,
      signed: overParts('url', 'raw_body'),
      at: { header: 'x-square-hmacsha256-signature' },
      encoding: 'base64',
    },
    'Ibxx_5AKakO-3qeNVR61Dw',
    {
      url: 'https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9',
      body:
        '{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-' +
        '18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-' +
        '407e-b46e-3231809b1129"}}',
      headers: { 'X-Square-HmacSha256-Signature': 'GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4=' },
    },
  ],
  [
    'Twilio, official (form)',
    {
      ...plain,
      algorithm: 'sha1',
      encoding: 'base64',
      at: { header: 'x-twilio-signature' },
      signed: (given) =>
        given.url +
        [...given.form()]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .flat()
          .join(''),
    },
    '12345',
    {
      url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
      body: 'To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309',
      headers: { 'X-Twilio-Signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' },
    },
  ],
  [
    'Shopify',
    { ...plain, at: { header: 'x-shopify-hmac-sha256' }, encoding: 'base64' },
    'hush',
    {
      body: '{"id":820982911946154508,"email":"jon@example.com","total_price":"199.00","currency":"SAR"}',
      headers: { 'X-Shopify-Hmac-Sha256': 'AeRdiWI+L3W18i/EmQP1vIXKFN1eerzAuQ9YjR/Q2yU=' },
    },
  ],
  [
    'Salla, Arabic',
    { ...plain, at: { header: 'x-salla-signature' } },
    'salla-test-secret',
    {
      body: '{"event":"order.created","merchant":1234567890,"created_at":"2026-01-10 12:00:00","data":{"id":555,"note":"شكرا"}}',
      headers: { 'X-Salla-Signature': '90b1194e6c8f9e01fa4a81f662f79b1e9942faae6638d6076c75e4fb818ae488' },
    },
  ],
  [
    'MongoDB Atlas (SHA-1, base64)',
    { ...plain, algorithm: 'sha1', encoding: 'base64', at: { header: 'x-mms-signature' } },
    'atlas-test-secret',
    {
      body: '{"id":"533dc40ae4b00835ff81eaee","eventTypeName":"OUTSIDE_METRIC_THRESHOLD","status":"OPEN"}',
      headers: { 'X-MMS-Signature': 'cUP59+rzOkpVE3a9Vn6UyIzwYIY=' },
    },
  ],
  [
    'Intercom (SHA-1)',
    { ...plain, algorithm: 'sha1', at: { header: 'x-hub-signature' }, prefix: 'sha1=' },
    'ic-client-secret-test',
    {
      body: '{"type":"notification_event","id":"notif_test_1","topic":"contact.created","app_id":"a86dr8yl"}',
      headers: { 'X-Hub-Signature': 'sha1=f1a2ac9a14e7728fc7fe36120ac2abfb478d2e26' },
    },
  ],
]

describe.each(vectors)('%s', (_, scheme, secret, sent) => {
  const name = 'header' in scheme.at ? scheme.at.header : ''
  const given = delivery(sent)
  const value = given.header(name)!
  const others = given
    .headerNames()
    .filter((other) => other !== name)
    .flatMap((other) => [other, given.header(other)!])
  const lines = (...values: string[]): string[] => [...others, ...values.flatMap((text) => [name, text])]

  test('is accepted, and nothing beside it', async () => {
    expect(await ask(scheme, given, secret)).toEqual(yes)
    expect(await ask(scheme, given, 'the new one', secret)).toEqual(yes)
    expect(await ask(scheme, given, `${secret} `)).toEqual(no('signature_mismatch'))
    expect(await ask(scheme, given)).toEqual(no('no_secret'))
    expect(await ask(scheme, given, '', '')).toEqual(no('no_secret'))
    expect(await ask(scheme, delivery({ ...sent, body: `${sent.body as string} ` }), secret)).toEqual(
      no('signature_mismatch'),
    )
    expect(await ask(scheme, delivery({ ...sent, lines: lines() }), secret)).toEqual(no('signature_missing'))
    expect(await ask(scheme, delivery({ ...sent, lines: lines('') }), secret)).toEqual(
      no('signature_missing'),
    )
    expect(await ask(scheme, delivery({ ...sent, lines: lines(value, value) }), secret)).toEqual(
      no('signature_repeated'),
    )
  })

  test.each(slips(scheme, value))('written in another way: %s', async (written) => {
    expect(await ask(scheme, delivery({ ...sent, lines: lines(written) }), secret)).toEqual(
      no('signature_malformed'),
    )
  })
})

/** The same bytes, or almost, in writings that a lenient decoder would take. */
function slips({ prefix = '', encoding }: Hmac, value: string): string[] {
  const text = value.slice(prefix.length)
  const bytes = Buffer.from(text, encoding === 'base64' ? 'base64' : 'hex')
  const common = [
    ` ${value}`,
    `${value} `,
    `${value}\n`,
    `${value}, ${value}`,
    `${prefix}${bytes.subarray(1).toString(encoding === 'base64' ? 'base64' : 'hex')}`,
    `${prefix}${Buffer.concat([bytes, bytes]).toString(encoding === 'base64' ? 'base64' : 'hex')}`,
    prefix === '' ? `sha256=${text}` : text,
    `${prefix}${bytes.toString('latin1')}`,
  ]
  if (encoding !== 'base64') {
    const loud = text.toUpperCase()
    return [...common, `${prefix}${loud}`, `${prefix}0x${text}`, `${prefix}${bytes.toString('base64')}`]
  }
  // The last letter before the padding has unused bits: setting one gives the same bytes.
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const bare = text.replace(/=+$/, '')
  const loose = bare.slice(0, -1) + letters[letters.indexOf(bare.at(-1)!) + 1] + text.slice(bare.length)
  return [...common, prefix + bare, prefix + loose, `${value}=`, prefix + bytes.toString('hex')]
}

describe('a signed time in a place of its own', () => {
  const secret = '8f742231b10e8888abcd99yyyzzz85a5'

  test.each([
    [-300, yes],
    [300, yes],
    [-301, no('timestamp_out_of_tolerance')],
    [301, no('timestamp_out_of_tolerance')],
  ])('received %d seconds later', async (seconds, verdict) => {
    const at = new Date(slackSent.at.getTime() + seconds * 1_000)
    expect(await ask(slack, delivery({ ...slackSent, at }), secret)).toEqual(verdict)
    const then = new Date(AT.getTime() + seconds * 1_000)
    expect(await ask(hubspot, delivery({ ...hubspotSent, at: then }), 'hs-client-secret-test')).toEqual(
      verdict,
    )
  })

  test.each([
    [[], 'signature_missing'],
    [['1531420618', '1531420618'], 'signature_repeated'],
    [[''], 'signature_missing'],
    [['1531420618.0'], 'signature_malformed'],
    [['+1531420618'], 'signature_malformed'],
    [['-1'], 'signature_malformed'],
    [['0x5b4798ca'], 'signature_malformed'],
    [['NaN'], 'signature_malformed'],
    [['1531420619'], 'signature_mismatch'],
    [['01531420618'], 'signature_mismatch'],
  ] as const)('stamps %j: %s', async (stamps, reason) => {
    const lines = ['X-Slack-Signature', slackSent.headers['X-Slack-Signature']]
    for (const stamp of stamps) lines.push('X-Slack-Request-Timestamp', stamp)
    expect(await ask(slack, delivery({ ...slackSent, lines }), secret)).toEqual(no(reason))
  })
})

test('in query or body it is one value as well', async () => {
  const signature = '0'.repeat(64)
  const inQuery: Hmac = { ...plain, at: { query: 'hmac' } }
  const asked = (query: string) => ask(inQuery, delivery({ url: `https://x.example/k${query}` }), 's')
  expect(await asked(`?hmac=${signature}`)).toEqual(no('signature_mismatch'))
  expect(await asked(`?hmac=${signature}&hmac=${signature}`)).toEqual(no('signature_repeated'))
  expect(await asked('')).toEqual(no('signature_missing'))
  const inBody: Hmac = { ...plain, at: { body: ['meta', 'signature'] } }
  for (const body of ['{"meta":{"signature":1}}', '{"meta":[]}', '{"signature":"a"}', 'nonsense', ''])
    expect(await ask(inBody, delivery({ body }), 's')).toEqual(no('signature_missing'))
})

test('a signature of megabytes in the body is refused without being matched', async () => {
  const scheme: Hmac = { ...plain, encoding: 'base64', at: { body: ['signature'] } }
  const body = `{"signature":"${'A'.repeat(9_000_000)}*"}`
  expect(await ask(scheme, delivery({ body }), 's')).toEqual(no('signature_malformed'))
})

test('hex of any case, where a sender writes it so', async () => {
  const loud: Hmac = { ...plain, encoding: 'hex_any_case', at: { header: 'x-salla-signature' } }
  const [, , secret, sent] = vectors.find(([name]) => name.startsWith('Salla'))!
  const headers = { 'x-salla-signature': sent.headers!['X-Salla-Signature']!.toUpperCase() }
  expect(await ask(loud, delivery({ ...sent, headers }), secret)).toEqual(yes)
})

describe.each<[string, Hmac]>([
  ['hex', plain],
  ['base64 and SHA-512', { ...plain, algorithm: 'sha512', encoding: 'base64', prefix: 'v1=' }],
  ['a stamp beside it', slack],
  ['milliseconds', hubspot],
])('any body, any secret: %s', (_, scheme) => {
  test('what is signed is accepted', () => signedIsAccepted(scheme))
  test('what is changed is refused', () => changedIsRefused(scheme))
  test('what is hostile is refused', () =>
    hostileIsRefused(scheme, [
      'x-signature',
      'x-slack-signature',
      'x-slack-request-timestamp',
      'x-hubspot-signature-v3',
      'x-hubspot-request-timestamp',
    ]))
})

test('the vectors are of the time that they say', () => expect(NOW_S).toBe(1_768_035_600))
