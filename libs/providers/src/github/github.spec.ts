import { describe, expect, test } from '@jest/globals'
import { Delivery } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { github } from './index.ts'

const webhooks = github.webhooks!
const PING =
  '{"zen":"Keep it logically awesome.","hook_id":1,"hook":{"type":"Repository","id":1,"name":"web","active":true,"events":["push"],"config":{"content_type":"json","url":"https://hooks.example.test/github","insecure_ssl":"0"}}}'
const vectors: [string, string, string, string][] = [
  [
    'official',
    "It's a Secret to Everybody",
    'Hello, World!',
    '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  ],
  ['ping', 'gh-test-secret', PING, '34a699be57fe615360df179ceceab64d49cfc3a5e9eb952f7ad3b4baa9da2130'],
  [
    'Arabic',
    'gh-test-secret',
    '{"zen":"مرحبا"}',
    '0c43bd30c17ff8a72ba469917ccbb08373ae739dd3b0279df67958924cc749ee',
  ],
  [
    'form',
    'gh-test-secret',
    'payload=%7B%22zen%22%3A%22Hello%22%7D',
    '9c7b7e78ae8ecaf7cf1ead4ab94f4df326e70cac7f5d6878ddd7acc2728dbe25',
  ],
]

function delivery(body: string | Buffer, headers: string[]): Delivery {
  return new Delivery(
    'POST',
    'https://wasl.example/webhooks/github/k',
    headers,
    Buffer.from(body),
    new Date(),
  )
}

describe.each(vectors)('vector: %s', (_, secret, body, hex) => {
  const verdict = (bytes: string | Buffer, headers: string[], secrets = [secret]) =>
    webhooks.verify(delivery(bytes, headers), { secrets: () => secrets.map((text) => Secret.of(text)) })

  test('verifies', async () => {
    expect(await verdict(body, ['X-Hub-Signature-256', `sha256=${hex}`])).toEqual({ ok: true })
  })

  test('not with any byte of the body flipped', async () => {
    const bytes = Buffer.from(body)
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes)
      flipped[i] = (flipped[i] ?? 0) ^ 1
      expect((await verdict(flipped, ['X-Hub-Signature-256', `sha256=${hex}`])).ok).toBe(false)
    }
  })

  test.each([
    ['another secret', [`sha256=${hex}`], ['other'], 'signature_mismatch'],
    ['an empty secret', [`sha256=${hex}`], [''], 'no_secret'],
    ['no prefix', [hex], undefined, 'signature_malformed'],
    ['upper case', [`sha256=${hex.toUpperCase()}`], undefined, 'signature_malformed'],
    ['cut short', [`sha256=${hex.slice(2)}`], undefined, 'signature_malformed'],
    ['twice', [`sha256=${hex}`, `sha256=${hex}`], undefined, 'signature_repeated'],
    ['missing', [], undefined, 'signature_missing'],
  ])('not with %s', async (_name, values, secrets, reason) => {
    const headers = values.flatMap((value) => ['X-Hub-Signature-256', value])
    expect(await verdict(body, headers, secrets)).toEqual({ ok: false, reason })
  })
})

test.each([
  ['ping', {}, 'connection.verified'],
  ['push', { ref: 'refs/heads/main' }, 'code.pushed'],
  ['pull_request', { action: 'opened' }, 'pull_request.opened'],
  ['pull_request', { action: 'synchronize' }, 'pull_request.updated'],
  ['pull_request', { action: 'closed', pull_request: { merged: true } }, 'pull_request.merged'],
  ['pull_request', { action: 'closed', pull_request: { merged: false } }, 'pull_request.closed'],
  ['issues', { action: 'opened' }, 'issue.opened'],
  ['issue_comment', { action: 'created' }, 'issue.commented'],
  ['release', { action: 'published' }, 'release.published'],
  ['workflow_run', { action: 'completed' }, 'build.completed'],
  ['installation', { action: 'created' }, 'connection.changed'],
  ['github_app_authorization', { action: 'revoked' }, 'connection.revoked'],
  ['star', { action: 'created' }, 'provider.unmapped'],
])('%s %j is %s', (event, payload, type) => {
  const [observation] = webhooks.normalise(
    delivery(JSON.stringify({ repository: { full_name: 'acme/shop' }, ...payload }), [
      'X-GitHub-Event',
      event,
    ]),
  )
  expect(observation?.type).toBe(type)
})

test('the delivery id is the dedup key, and a form is read too', () => {
  expect(webhooks.dedupeKey(delivery('{}', ['X-GitHub-Delivery', 'guid-1']))).toBe('guid-1')
  const [observation] = webhooks.normalise(
    delivery(`payload=${encodeURIComponent('{"action":"opened"}')}`, [
      'X-GitHub-Event',
      'issues',
      'Content-Type',
      'application/x-www-form-urlencoded',
    ]),
  )
  expect(observation?.type).toBe('issue.opened')
})
