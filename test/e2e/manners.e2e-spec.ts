import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { LoggerService } from '@nestjs/common'
import { sql } from '../support/database.ts'
import { type Connected, githubSignature, makers } from '../support/makers.ts'
import { ADMIN_KEY, startPlatform, type TestPlatform } from '../support/platform.ts'

const SECRET = "It's a Secret to Everybody"
const lines: Record<string, any>[] = []
let broken = false
const hear = (line: unknown): void => {
  if (typeof line === 'object') lines.push(line as Record<string, any>)
  if (broken) throw new Error('the disk is full')
}
const sink: LoggerService = { log: hear, warn: hear, error: hear, debug: hear }

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let github: Connected

beforeAll(async () => {
  platform = await startPlatform({ TRUSTED_PROXIES: '127.0.0.0/8' }, sink)
  a = makers(platform)
  project = await a.project()
  github = await a.github(project, SECRET)
})
afterAll(async () => {
  delete process.env.TRUSTED_PROXIES
  await platform.stop()
})
beforeEach(() => {
  lines.length = 0
})

/** Bytes as they are: what no HTTP client would send. */
async function raw(text: string): Promise<{ status: number; headers: Map<string, string>; body: string }> {
  const { hostname, port } = new URL(platform.url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('utf8').on('data', (data: string) => (answer += data))
  socket.on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  const [head = '', ...body] = answer.split('\r\n\r\n')
  const [first = '', ...rest] = head.split('\r\n')
  const headers = new Map(
    rest.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: body.join('\r\n\r\n') }
}
const send = (method: string, path: string, headers: string[] = [], body = '') =>
  raw([`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', body].join('\r\n'))

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

describe('every answer', () => {
  test('carries the headers of security, forbids keeping, allows no other origin, and names no software', async () => {
    for (const path of ['/v1/providers', '/health/live', '/nowhere', '/docs', '/openapi.json']) {
      const { headers } = await platform.call('GET', path, { headers: { origin: 'https://evil.example' } })
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'origin-agent-cluster': '?1',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'x-dns-prefetch-control': 'off',
        'x-download-options': 'noopen',
        'x-frame-options': 'SAMEORIGIN',
        'x-permitted-cross-domain-policies': 'none',
        'x-xss-protection': '0',
      })
      const names = [...headers.keys()].filter((name) =>
        /^(server|x-powered-by|access-control-.*)$/.test(name),
      )
      expect([path, names]).toEqual([path, []])
    }
  })

  test('has a request id: ours, or the caller’s where it is short and clean', async () => {
    const idFor = async (given: string): Promise<string | undefined> =>
      (await send('GET', '/health/live', [`x-request-id: ${given}`])).headers.get('x-request-id')
    expect(await idFor('order-7.retry_2')).toBe('order-7.retry_2')
    for (const given of [
      'short',
      'a'.repeat(129),
      'a b c d e f',
      'aaaaaaaa\u202e',
      '<script>aaaa',
      'a'.repeat(8) + '{',
    ]) {
      expect(await idFor(given)).toMatch(REQUEST_ID)
    }
    const twice = await send('GET', '/health/live', ['x-request-id: first-one', 'x-request-id: second-one'])
    expect(twice.headers.get('x-request-id')).toMatch(REQUEST_ID)
  })
})

describe('what cannot be routed or read is a problem with an id', () => {
  const key = `authorization: Bearer ${ADMIN_KEY}`
  test.each<[string, string, string, string[], string, number, string]>([
    ['no such address', 'GET', '/v1/nothing', [key], '', 404, 'not_found'],
    ['an empty path', 'GET', '//', [key], '', 404, 'not_found'],
    ['doubled slashes', 'GET', '//v1//providers', [key], '', 404, 'not_found'],
    ['a malformed escape', 'GET', '/v1/providers/%E0%A4%A', [key], '', 404, 'not_found'],
    ['NUL in a path', 'GET', '/v1/providers/%00', [key], '', 404, 'not_found'],
    ['a climbing path', 'GET', '/docs/..%2f..%2f..%2fetc/passwd', [key], '', 404, 'not_found'],
    ['a very long path', 'GET', `/v1/providers/${'a'.repeat(9_000)}`, [key], '', 404, 'not_found'],
    ['a URL over 16 KiB', 'GET', `/v1/${'a'.repeat(17_000)}`, [key], '', 431, 'headers_too_large'],
    [
      'headers over 16 KiB',
      'GET',
      '/v1/providers',
      [key, `x-a: ${'a'.repeat(17_000)}`],
      '',
      431,
      'headers_too_large',
    ],
    [
      'more than 100 headers',
      'GET',
      '/v1/providers',
      [key, ...Array.from({ length: 101 }, (_, i) => `x-${i}: 1`)],
      '',
      431,
      'headers_too_large',
    ],
    ['another method', 'DELETE', '/v1/providers', [key], '', 405, 'method_not_allowed'],
    [
      'another method, with an id',
      'PUT',
      '/v1/projects/01a20b6b-0000-7000-8000-000000000000?x=1',
      [key],
      '',
      405,
      'method_not_allowed',
    ],
    ['TRACE', 'TRACE', '/v1/providers', [key], '', 405, 'method_not_allowed'],
    [
      'OPTIONS',
      'OPTIONS',
      '/v1/providers',
      ['origin: https://evil.example', 'access-control-request-method: POST'],
      '',
      405,
      'method_not_allowed',
    ],
    [
      'a form',
      'POST',
      '/v1/projects',
      [key, 'content-type: application/x-www-form-urlencoded', 'content-length: 3'],
      'a=b',
      415,
      'unsupported_media_type',
    ],
    [
      'XML',
      'POST',
      '/v1/projects',
      [key, 'content-type: text/xml', 'content-length: 4'],
      '<a/>',
      415,
      'unsupported_media_type',
    ],
    ['no HTTP at all', 'GE T', '/', [], '', 400, 'invalid_request'],
    [
      'two lengths',
      'POST',
      '/v1/projects',
      [key, 'content-length: 1', 'content-length: 2'],
      'ab',
      400,
      'invalid_request',
    ],
    [
      'smuggling',
      'POST',
      '/v1/projects',
      [key, 'content-length: 1', 'transfer-encoding: chunked'],
      '0\r\n\r\n',
      400,
      'invalid_request',
    ],
  ])('%s', async (_, method, path, headers, body, status, code) => {
    const answer = await send(method, path, headers, body)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ])
    const problem = JSON.parse(answer.body) as Record<string, unknown>
    expect(problem).toEqual({
      type: `urn:wasl:problem:${code}`,
      title: expect.any(String),
      status,
      detail: expect.not.stringMatching(/[{}]|Error|node_modules/),
      code,
      request_id: answer.headers.get('x-request-id'),
    })
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('405 says what is allowed; a method in a header or query changes nothing; HEAD is GET without a body', async () => {
    expect((await send('DELETE', '/v1/providers', [key])).headers.get('allow')).toBe('GET, HEAD')
    const overridden = await send('POST', '/v1/projects?_method=DELETE', [
      key,
      ...['x-http-method-override', 'x-http-method', 'x-method-override'].map((name) => `${name}: DELETE`),
      'content-length: 0',
    ])
    expect(overridden.status).toBe(422)
    const head = await send('HEAD', '/v1/providers', [key])
    expect([head.status, head.body]).toEqual([200, ''])
    expect((await send('HEAD', '/v1/providers')).status).toBe(401)
  })
})

test('time-outs and sizes of the server are those promised', () => {
  const { server } = platform.app.getHttpAdapter().getInstance() as unknown as {
    server: Record<string, number>
  }
  expect(server).toMatchObject({ headersTimeout: 10_000, requestTimeout: 30_000, maxHeadersCount: 0 })
})

test('the database gives a statement ten seconds', async () => {
  const { Database } = await import('@app/database')
  const [row] = await platform.app
    .get(Database)
    .query<{ limit: string }>("SELECT current_setting('statement_timeout') AS limit")
  expect(row?.limit).toBe('10s')
})

describe('limits', () => {
  test('a project key has 6,000 calls a minute and sees how many are left; the admin key has no such limit', async () => {
    const key = await a.key(project)
    const { headers } = await platform.call('GET', '/v1/providers?category=logistics', { key })
    expect([headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')]).toEqual(['6000', '5999'])
    expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(0)
    const admin = await platform.call('GET', '/v1/providers?category=logistics')
    expect(admin.headers.get('ratelimit-limit')).toBeNull()
  })

  test('failed tries: 60 an address, 10 a key id, then 429 that grows; a valid key goes on', async () => {
    const key = await a.key(project)
    const wrong = `${key.slice(0, 26)}${'A'.repeat(43)}`
    const { createHash } = await import('node:crypto')
    const mistaken = wrong + createHash('sha256').update(wrong).digest('hex').slice(0, 8)
    const from = (address: string, text: string) =>
      platform.call('GET', '/v1/providers/github', { key: text, headers: { 'x-forwarded-for': address } })
    const ofKey: number[] = []
    for (let i = 0; i < 12; i++) ofKey.push((await from(`198.51.100.${i}`, mistaken)).status)
    expect(ofKey).toEqual([...Array<number>(10).fill(401), 429, 429])
    const ofAddress: number[] = []
    const waits: number[] = []
    for (let i = 0; i < 75; i++) {
      const answer = await from('192.0.2.1', `wrong-${i}`)
      ofAddress.push(answer.status)
      if (answer.status === 429) waits.push(Number(answer.headers.get('retry-after')))
    }
    expect(ofAddress).toEqual([...Array<number>(60).fill(401), ...Array<number>(15).fill(429)])
    expect(waits.at(-1)).toBeGreaterThan(waits[0]!)
    expect((await from('192.0.2.1', key)).status).toBe(200)
    expect((await from('192.0.2.2', 'wrong')).status).toBe(401)
  })
})

describe('the log', () => {
  const requests = () => lines.filter(({ msg }) => msg === 'request')

  test('a call is one line of known fields: the pattern of its route, who called, and nothing that was said', async () => {
    const key = await a.key(project)
    lines.length = 0
    await platform.call('GET', `/v1/projects/${project}/connections?alias=layla%40example.com`, {
      key,
      headers: {
        'x-forwarded-for': '203.0.113.9',
        cookie: 'a=planted-cookie',
        'user-agent': 'planted-agent',
      },
    })
    await platform.call('POST', `/v1/projects/${project}/connections`, {
      key,
      body: { planted: 'planted-body' },
    })
    // Only a few of these are logged a second, and others were just before.
    for (let i = 0; i < 1_000 && requests().length < 3; i++) {
      await platform.call('GET', '/nowhere/planted-path?planted=query', { key })
    }
    expect(requests()).toEqual([
      {
        msg: 'request',
        request_id: expect.stringMatching(REQUEST_ID),
        method: 'GET',
        route: '/v1/projects/:p/connections',
        status: 400,
        problem: 'invalid_request',
        duration_ms: expect.any(Number),
        key_id: key.split('_')[2],
        project_id: project,
        address: '203.0.113.9',
      },
      expect.objectContaining({
        method: 'POST',
        status: 422,
        problem: 'invalid_request',
        address: '127.0.0.1',
      }),
      expect.objectContaining({ route: null, status: 404, problem: 'not_found' }),
    ])
    expect(JSON.stringify(lines)).not.toMatch(/planted|layla|wasl_/)
  })

  test('a call that went well is a line too', async () => {
    await platform.call('GET', '/v1/providers/github')
    expect(requests()).toMatchObject([{ route: '/v1/providers/:provider', status: 200, key_id: 'admin' }])
  })

  test('accepted deliveries are not logged; refused ones are, without their key, and a flood only in part', async () => {
    const deliver = (signature: string) =>
      platform.call('POST', github.path, {
        key: null,
        body: '{}',
        headers: { 'x-hub-signature-256': signature },
      })
    expect((await deliver(githubSignature(SECRET, '{}'))).status).toBe(200)
    expect(requests()).toEqual([])
    await Promise.all(Array.from({ length: 60 }, () => deliver('sha256=planted')))
    expect(requests()[0]).toMatchObject({
      route: '/webhooks/:provider/:key',
      status: 401,
      problem: 'signature_invalid',
    })
    expect(requests().length).toBeLessThanOrEqual(40)
    expect(JSON.stringify(lines)).not.toContain(github.path.split('/').at(-1))
  })

  test('a sink that fails fails no request', async () => {
    broken = true
    const good = await platform.call('GET', '/v1/providers/github')
    await sql(platform.database.url, 'ALTER TABLE integration_connections RENAME TO elsewhere')
    const bad = await platform.call('GET', `/v1/projects/${project}/connections`)
    await sql(platform.database.url, 'ALTER TABLE elsewhere RENAME TO integration_connections')
    broken = false
    expect([good.status, bad.status, bad.body.code]).toEqual([200, 500, 'internal'])
  })

  test('an unforeseen error is logged by kind, code and place, without what it says; the process lives on', async () => {
    await sql(platform.database.url, 'ALTER TABLE integration_connections RENAME TO planted_name')
    const answer = await platform.call('GET', `/v1/projects/${project}/connections`)
    await sql(platform.database.url, 'ALTER TABLE planted_name RENAME TO integration_connections')
    expect(answer.body).toMatchObject({ status: 500, code: 'internal' })
    const line = lines.find(({ msg }) => msg === 'unforeseen error')
    expect(line).toMatchObject({ code: '42P01', request_id: answer.headers.get('x-request-id') })
    expect(line?.at.length).toBeGreaterThan(0)
    expect(answer.text + JSON.stringify(line)).not.toMatch(/relation|does not exist|SELECT/)
    expect((await platform.call('GET', `/v1/projects/${project}/connections`)).status).toBe(200)
  })
})
