import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { type Connected, githubSignature, makers, TAP_CHARGE, TAP_HASH } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const SECRET = "It's a Secret to Everybody"
let platform: TestPlatform
let project: string
let tap: Connected
let github: Connected

beforeAll(async () => {
  platform = await startPlatform()
  const a = makers(platform)
  project = await a.project()
  tap = await a.connection(project)
  github = await a.github(project, SECRET)
})
afterAll(() => platform.stop())

const deliver = (path: string, body: string | Uint8Array, headers: Record<string, string>, method = 'POST') =>
  platform.call<Record<string, string | boolean>>(method, path, {
    key: null,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
const signed = (body: string | Buffer, id: string): Record<string, string> => ({
  'x-hub-signature-256': githubSignature(SECRET, body),
  'x-github-delivery': id,
  'x-github-event': 'push',
})

describe('a verified delivery', () => {
  test("is kept: Tap's documented example becomes an event, whose body is read back byte for byte", async () => {
    const answer = await deliver(tap.path, TAP_CHARGE, { hashstring: TAP_HASH })
    expect([answer.status, answer.body]).toEqual([200, { event_id: expect.any(String), duplicate: false }])
    const id = answer.body.event_id as string
    const event = await platform.call('GET', `/v1/projects/${project}/events/${id}`)
    expect(event.body).toMatchObject({
      provider: 'tap_payments',
      type: 'charge.CAPTURED',
      status: 'pending',
      trust: 'fields_signed',
    })
    const body = await platform.call(
      'GET',
      `/v1/projects/${project}/events/${id}/body?reason=support%20case%207`,
    )
    expect([body.status, body.text]).toEqual([200, TAP_CHARGE])
    const log = await platform.call<{ data: unknown[] }>(
      'GET',
      `/v1/projects/${project}/events/${id}/access-log`,
    )
    expect(log.body.data).toMatchObject([
      { accessed_by: 'admin', access_reason: 'support case 7', outcome: 'granted' },
    ])
  })

  test("GitHub's official vector is accepted, though it is no JSON", async () => {
    const answer = await deliver(github.path, 'Hello, World!', signed('Hello, World!', 'official'))
    expect(answer.status).toBe(200)
  })

  test('leaves in its row of its headers what reading it needs, and of all others the names', async () => {
    const body = '{"n":"headers"}'
    const headers = {
      ...signed(body, 'kept-headers'),
      authorization: 'Bearer canary',
      'x-github-hook-id': '7',
    }
    const answer = await deliver(github.path, body, headers)
    const [row] = await sql<{ headers: Record<string, string> }>(
      platform.database.url,
      `SELECT headers FROM integration_events WHERE id = '${String(answer.body.event_id)}'`,
    )
    expect(row?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': 'kept-headers',
      'x-github-hook-id': '[redacted]',
      'x-hub-signature-256': '[redacted]',
      authorization: '[redacted]',
    })
  })

  test.each([0, 1, 1024 * 1024, 3 * 1024 * 1024])('of %d bytes comes back as it came', async (size) => {
    const bytes = randomBytes(size)
    const answer = await deliver(github.path, bytes, signed(bytes, `size-${size}`))
    expect(answer.status).toBe(200)
    const read = await fetch(
      `${platform.url}/v1/projects/${project}/events/${String(answer.body.event_id)}/body?reason=x`,
      {
        headers: { authorization: 'Bearer admin-key-of-the-tests-0123456789abcdef' },
      },
    )
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true)
  })
})

describe('a duplicate', () => {
  test('200 at once make one event, and everybody hears of it', async () => {
    const body = '{"n":1}'
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => deliver(github.path, body, signed(body, 'twins'))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map((answer) => answer.body.event_id)).size).toBe(1)
    expect(answers.filter((answer) => !answer.body.duplicate)).toHaveLength(1)
    expect(
      await sql(platform.database.url, "SELECT FROM integration_events WHERE event_id = 'twins'"),
    ).toHaveLength(1)
  })

  test('is told from the body where the provider gives no id, and stores nothing', async () => {
    const body = '{"no":"id"}'
    const headers = { 'x-hub-signature-256': githubSignature(SECRET, body) }
    const first = await deliver(github.path, body, headers)
    const before = bytesStored()
    const again = await deliver(github.path, body, headers)
    expect(again.body).toEqual({ event_id: first.body.event_id, duplicate: true })
    expect(bytesStored()).toBe(before)
  })

  test('is known after a restart too: the database decides', async () => {
    const other = await startTwin()
    const answer = await fetch(other.url + github.path, {
      method: 'POST',
      body: '{"n":1}',
      headers: signed('{"n":1}', 'twins'),
    })
    expect(await answer.json()).toMatchObject({ duplicate: true })
    await other.close()
  })
})

describe('is refused', () => {
  test.each<
    [string, number, string, () => Promise<{ status: number; body: Record<string, string | boolean> }>]
  >([
    [
      'a wrong signature',
      401,
      'signature_invalid',
      () => deliver(github.path, 'x', { 'x-hub-signature-256': githubSignature('no', 'x') }),
    ],
    ['no signature', 401, 'signature_invalid', () => deliver(github.path, 'x', {})],
    [
      'an unknown key',
      404,
      'not_found',
      () => deliver('/webhooks/github/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'x', {}),
    ],
    [
      'the key of another provider',
      404,
      'not_found',
      () => deliver(github.path.replace('github', 'tap_payments'), 'x', {}),
    ],
    [
      'an unknown provider',
      404,
      'not_found',
      () => deliver('/webhooks/nobody/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'x', {}),
    ],
    [
      'a method that the provider does not use',
      405,
      'method_not_allowed',
      () => deliver(github.path, 'x', {}, 'PUT'),
    ],
    [
      'a compressed body',
      415,
      'unsupported_media_type',
      () => deliver(github.path, gzipSync('x'), { ...signed('x', 'gz'), 'content-encoding': 'gzip' }),
    ],
    [
      'a body of 1 MiB and a byte for Tap',
      413,
      'payload_too_large',
      () => deliver(tap.path, Buffer.alloc(1024 * 1024 + 1), { hashstring: TAP_HASH }),
    ],
  ])('%s', async (_, status, code, act) => {
    const before = await events()
    const answer = await act()
    expect([answer.status, answer.body]).toMatchObject([status, { status, code }])
    expect(await events()).toBe(before)
  })

  test('a repeated signature header', async () => {
    const answer = await rawRequest(github.path, 'Hello, World!', [
      'x-hub-signature-256',
      githubSignature(SECRET, 'Hello, World!'),
      'x-hub-signature-256',
      githubSignature(SECRET, 'Hello, World!'),
    ])
    expect(answer).toBe(401)
  })

  test('more than a hundred headers', async () => {
    expect(
      await rawRequest(
        github.path,
        'x',
        Array.from({ length: 220 }, (_, n) => `x-${n}`),
      ),
    ).toBe(431)
  })

  test('a body that is longer than its Content-Length says nothing about', async () => {
    expect(
      await rawRequest(tap.path, Buffer.alloc(1024 * 1024 + 1), [
        'hashstring',
        TAP_HASH,
        'transfer-encoding',
        'chunked',
      ]),
    ).toBe(413)
  })
})

describe('the quarantine', () => {
  test('keeps what failed, and takes it in once the secret is corrected', async () => {
    const a = makers(platform)
    const wrong = await a.github(project, 'a wrong secret')
    expect(
      (
        await deliver(wrong.path, '{"late":1}', {
          ...signed('{"late":1}', 'late'),
          'x-hub-signature-256': githubSignature('right', '{"late":1}'),
        })
      ).status,
    ).toBe(401)
    const list = await platform.call<{ data: { id: string; connection_id: string; reason: string }[] }>(
      'GET',
      `/v1/projects/${project}/quarantine`,
    )
    const entry = list.body.data.find(({ connection_id }) => connection_id === wrong.id)
    expect(entry?.reason).toBe('signature_mismatch')
    const again = (): Promise<{ status: number; body: Record<string, unknown> }> =>
      platform.call('POST', `/v1/projects/${project}/quarantine/${entry?.id}/verify`)
    expect((await again()).status).toBe(409)
    await platform.call('PUT', `/v1/projects/${project}/connections/${wrong.id}/credentials`, {
      body: { credentials: { token: `ghp_${'b'.repeat(36)}`, webhook_secret: 'right' }, verify: false },
    })
    expect((await again()).body).toEqual({ event_id: expect.any(String), duplicate: false })
    expect((await again()).body).toMatchObject({ duplicate: true })
  })
})

describe('addresses and secrets change', () => {
  test('a rotated secret: old and new are honoured; a rotated address too', async () => {
    const a = makers(platform)
    const made = await a.github(project, 'old secret')
    await platform.call('PUT', `/v1/projects/${project}/connections/${made.id}/credentials`, {
      body: { credentials: { token: `ghp_${'b'.repeat(36)}`, webhook_secret: 'new secret' }, verify: false },
    })
    const rotated = await platform.call<{ webhook: { url: string } }>(
      'POST',
      `/v1/projects/${project}/connections/${made.id}/webhook/rotate`,
    )
    const fresh = new URL(rotated.body.webhook.url).pathname
    for (const [path, secret] of [
      [made.path, 'old secret'],
      [fresh, 'new secret'],
    ] as const) {
      let status = 0
      for (let i = 0; i < 50 && status !== 200; i++) {
        const body = `${secret} ${i}`
        status = (await deliver(path, body, { 'x-hub-signature-256': githubSignature(secret, body) })).status
      }
      expect(status).toBe(200)
    }
  })

  test('a replaced secret counts for a day and not longer', async () => {
    const made = await makers(platform).github(project, 'old secret')
    await platform.call('PUT', `/v1/projects/${project}/connections/${made.id}/credentials`, {
      body: { credentials: { token: `ghp_${'b'.repeat(36)}`, webhook_secret: 'new secret' }, verify: false },
    })
    const hour = 3_600_000
    const status = async (body: string): Promise<number> =>
      (await deliver(made.path, body, { 'x-hub-signature-256': githubSignature('old secret', body) })).status
    const clock = jest.spyOn(Date, 'now')
    const now = Date.now()
    try {
      clock.mockReturnValue(now + 23.9 * hour)
      expect(await status('in time')).toBe(200)
      clock.mockReturnValue(now + 24.1 * hour)
      expect(await status('too late')).toBe(401)
    } finally {
      clock.mockRestore()
    }
  })

  test('a disconnected connection is nobody; a suspended one still takes in', async () => {
    const a = makers(platform)
    const made = await a.github(project, SECRET)
    await platform.call('PATCH', `/v1/projects/${project}/connections/${made.id}`, {
      body: { status: 'suspended' },
    })
    expect((await deliver(made.path, 'held', signed('held', 'held'))).status).toBe(200)
    await platform.call('DELETE', `/v1/projects/${project}/connections/${made.id}`)
    // At once where it was said; other replicas hear of it by NOTIFY (replicas.e2e-spec.ts).
    expect((await deliver(made.path, 'gone', signed('gone', 'gone'))).status).toBe(404)
  })
})

describe('bodies', () => {
  test('are asked for with a reason, and told from what was changed or has expired', async () => {
    const { body } = await deliver(github.path, 'precious', signed('precious', 'precious'))
    const path = `/v1/projects/${project}/events/${String(body.event_id)}/body`
    expect((await platform.call('GET', path)).status).toBe(400)
    await sql(
      platform.database.url,
      'UPDATE integration_events SET event_hash = repeat($1, 64) WHERE id = $2',
      ['0', body.event_id],
    )
    expect((await platform.call('GET', `${path}?reason=x`)).body).toMatchObject({
      status: 409,
      code: 'body_integrity',
    })
    await sql(
      platform.database.url,
      "UPDATE integration_events SET body_expires_at = now() - interval '1 s' WHERE id = $1",
      [body.event_id],
    )
    expect((await platform.call('GET', `${path}?reason=y`)).body).toMatchObject({
      status: 410,
      code: 'body_expired',
    })
    const log = await platform.call<{ data: { outcome: string }[] }>(
      'GET',
      path.replace('/body', '/access-log'),
    )
    expect(log.body.data.map(({ outcome }) => outcome)).toEqual(['denied', 'granted'])
  })

  test('nothing of a body is in any table, in /metrics, or in clear text on disk', async () => {
    const canary = 'canary-7f3e-بلبل'
    const body = JSON.stringify({ repository: { full_name: 'a/b' }, card: canary })
    const answer = await deliver(github.path, body, {
      ...signed(body, 'canary-id'),
      cookie: canary.slice(0, 11),
      'x-token': canary.slice(0, 11),
    })
    expect(answer.status).toBe(200)
    await deliver(github.path, body, { 'x-hub-signature-256': githubSignature('wrong', body) })
    const tables = await sql<{ name: string }>(
      platform.database.url,
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    )
    for (const { name } of tables) {
      expect(
        await sql(platform.database.url, `SELECT * FROM ${name} t WHERE t::text LIKE '%canary-7f3e%'`),
      ).toEqual([])
    }
    expect((await platform.call('GET', '/metrics')).text).not.toContain('canary-7f3e')
    for (const file of storedFiles()) expect(readFileSync(file).includes('canary-7f3e')).toBe(false)
  })
})

test('a store that is gone answers 503 with Retry-After, keeps nothing, and is back by itself', async () => {
  const other = await startPlatform({ DATABASE_URL: '' })
  const a = makers(other)
  const connected = await a.github(await a.project(), SECRET)
  const send = (id: string): Promise<Response> =>
    fetch(other.url + connected.path, { method: 'POST', body: id, headers: signed(id, id) })
  expect((await send('before')).status).toBe(200)
  const bodies = join(other.dataDir, 'bodies')
  rmSync(bodies, { recursive: true })
  const { writeFileSync } = await import('node:fs')
  writeFileSync(bodies, 'not a folder')
  const refused = await send('meanwhile')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(
    await sql(other.database.url, "SELECT FROM integration_events WHERE event_id = 'meanwhile'"),
  ).toEqual([])
  rmSync(bodies)
  expect((await send('meanwhile')).status).toBe(200)
  await other.stop()
  Object.assign(process.env, { DATA_DIR: platform.dataDir })
})

async function events(): Promise<number> {
  const [row] = await sql<{ n: number }>(
    platform.database.url,
    'SELECT count(*)::int AS n FROM integration_events',
  )
  return row?.n ?? -1
}

function storedFiles(): string[] {
  const folder = join(platform.dataDir, 'bodies')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

function bytesStored(): number {
  return storedFiles().reduce((sum, path) => sum + statSync(path).size, 0)
}

/** A second replica over the same database and store. */
async function startTwin(): Promise<{ url: string; close(): Promise<void> }> {
  const { createApp } = await import('../../apps/platform/src/create-app.ts')
  const app = await createApp(platform.database.url, false)
  await app.listen(0, '127.0.0.1')
  return { url: await app.getUrl(), close: () => app.close() }
}

function rawRequest(path: string, body: string | Buffer, headers: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(platform.url)
    const sent = request(
      { hostname, port, path, method: 'POST', headers: ['host', 'wasl', ...headers] as never },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
