import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Egress, type FinishedCall } from '@app/egress'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Octokit } from '@octokit/rest'
import { sql } from '../support/database.ts'
import { type Connected, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { PlayedProvider } from '../support/played-provider.ts'

const MIB = 1024 * 1024
const TOKEN = `ghp_${'a'.repeat(36)}`
const agent = new Agent({ keepAlive: true })

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let github: Connected
let key: string
let provider: PlayedProvider

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
  github = await a.github(project, 'secret')
  key = await a.key(project, { scopes: ['write'] })
  provider = await PlayedProvider.start(platform, 'https://api.github.com')
})
afterAll(async () => {
  agent.destroy()
  await platform.stop()
  await provider.stop()
})
beforeEach(() => {
  provider.seen.length = 0
  provider.answer = (_, response) => response.end()
})

const proxyOf = ({ id }: { id: string } = github): string => `/v1/projects/${project}/connections/${id}/proxy`

interface Passed {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** The answer broke off. */
  broken: boolean
}

/** As it is: no client that would tidy the path up. */
function send(
  method: string,
  path: string,
  {
    headers = {},
    body,
    caller = key,
  }: { headers?: object; body?: Buffer | string; caller?: string | null } = {},
): Promise<Passed> {
  return new Promise((resolve, reject) => {
    const sent = request(
      platform.url,
      { agent, method, path, headers: { ...(caller && { authorization: `Bearer ${caller}` }), ...headers } },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', () => undefined)
        answer.on('close', () => {
          const { statusCode: status = 0, headers, complete } = answer
          resolve({ status, headers, body: Buffer.concat(parts), broken: !complete })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
const problemIn = ({ body }: Passed): Record<string, any> => JSON.parse(body.toString())

describe('the SDK of GitHub, pointed at the proxy', () => {
  const octokit = (): Octokit => {
    const made = new Octokit({
      baseUrl: platform.url + proxyOf(),
      log: { debug() {}, info() {}, warn() {}, error() {} },
      // The platform is told that it is reached as wasl.example; here it is not.
      request: {
        fetch: (url: string, init: RequestInit) =>
          fetch(url.replace('https://wasl.example', platform.url), init),
      },
    })
    made.hook.before('request', (options) => {
      options.headers.authorization = `Bearer ${key}`
    })
    return made
  }

  test('reads and writes with our token, and never shows its own', async () => {
    provider.answer = (request, response, body) => {
      response.setHeader('content-type', 'application/json; charset=utf-8')
      if (request.method === 'GET') response.end('{"login":"octocat"}')
      else response.writeHead(201).end(JSON.stringify({ number: 7, ...JSON.parse(body.toString()) }))
    }
    expect((await octokit().rest.users.getAuthenticated()).data.login).toBe('octocat')
    const issue = await octokit().rest.issues.create({ owner: 'wasl', repo: 'x', title: 'مرحبا' })
    expect([issue.status, issue.data.number, issue.data.title]).toEqual([201, 7, 'مرحبا'])
    expect(provider.seen.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
      ['GET', '/user', `Bearer ${TOKEN}`],
      ['POST', '/repos/wasl/x/issues', `Bearer ${TOKEN}`],
    ])
    expect(JSON.stringify(provider.seen)).not.toContain(key)
  })

  test('turns pages through the proxy, not past it', async () => {
    provider.answer = ({ url = '' }, response) => {
      const page = Number(/[?&]page=(\d)/.exec(url)?.[1] ?? 1)
      response.setHeader('content-type', 'application/json')
      if (page < 3) {
        const next = `https://api.github.com/repositories/1/issues?page=${page + 1}`
        response.setHeader('link', `<${next}>; rel="next", <https://elsewhere.test/>; rel="help"`)
      }
      response.end(`[{"number":${page}}]`)
    }
    const found = await octokit().paginate('GET /repos/{owner}/{repo}/issues', { owner: 'wasl', repo: 'x' })
    expect(found.map(({ number }) => number)).toEqual([1, 2, 3])
    expect(provider.seen.map(({ url }) => url)).toEqual([
      '/repos/wasl/x/issues',
      '/repositories/1/issues?page=2',
      '/repositories/1/issues?page=3',
    ])
  })

  test('understands refusals of the provider', async () => {
    provider.answer = (_, response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}')
    await expect(octokit().rest.repos.get({ owner: 'wasl', repo: 'nowhere' })).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('Not Found'),
    })
  })
})

describe('what goes out', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    '%s, with its query as it is',
    async (method) => {
      const answer = await send(method, `${proxyOf()}/a%2Fb/c+d?q=a+b%20c&&q=%C3%A9&flag&x=1;y`)
      expect(answer.status).toBe(200)
      expect([provider.last.method, provider.last.url]).toEqual([
        method,
        '/a%2Fb/c+d?q=a+b%20c&&q=%C3%A9&flag&x=1;y',
      ])
    },
  )

  test('nothing after "proxy" is the base itself', async () => {
    expect((await send('GET', `${proxyOf()}?a=1`)).status).toBe(200)
    expect((await send('GET', `${proxyOf()}/`)).status).toBe(200)
    expect(provider.seen.map(({ url }) => url)).toEqual(['/?a=1', '/'])
  })

  test.each([
    ['JSON that is none', 'application/json', Buffer.from('{"a":')],
    ['bytes', 'application/octet-stream', randomBytes(1_000)],
    ['XML', 'text/xml; charset=utf-8', Buffer.from('<a/>')],
    ['a form', 'application/x-www-form-urlencoded', Buffer.from('a=1&a=2')],
    ['several parts', 'multipart/form-data; boundary=x', Buffer.from('--x--')],
    ['no type', undefined, Buffer.from('x')],
    ['a type that is none', 'nonsense', Buffer.from('x')],
    ['nothing at all', 'application/json', Buffer.alloc(0)],
    ['more than is held', 'application/octet-stream', randomBytes(3 * MIB)],
  ])('a body: %s', async (_, type, body) => {
    const headers = { ...(type && { 'content-type': type }), 'content-length': body.length }
    expect((await send('POST', `${proxyOf()}/x`, { headers, body })).status).toBe(200)
    expect(provider.last.body.equals(body)).toBe(true)
    expect(provider.last.headers).toMatchObject({ 'content-length': String(body.length) })
    expect(provider.last.headers['content-type']).toBe(type)
  })

  test('a packed body stays packed, one without a length comes whole', async () => {
    const body = gzipSync('x'.repeat(1_000))
    const headers = { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' }
    expect((await send('POST', `${proxyOf()}/x`, { headers, body })).status).toBe(200)
    expect(provider.last.body.equals(body)).toBe(true)
    expect(provider.last.headers).toMatchObject({ 'content-encoding': 'gzip' })
  })

  test('headers, but for ours, the key, and what is for one hop', async () => {
    const headers = {
      accept: 'application/vnd.github+json',
      'idempotency-key': 'k1',
      'x-github-api-version': '2022-11-28',
      'if-none-match': '"a"',
      cookie: 'session=1',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      'proxy-authorization': 'Basic x',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil.test',
      'x-http-method-override': 'DELETE',
      forwarded: 'for=1.2.3.4',
      origin: 'https://evil.test',
      'accept-encoding': 'zstd',
      te: 'trailers',
    }
    await send('GET', `${proxyOf()}/user`, { headers })
    expect(provider.last.headers).toEqual({
      host: 'api.github.com',
      connection: 'keep-alive',
      'user-agent': 'wasl',
      accept: 'application/vnd.github+json',
      'idempotency-key': 'k1',
      'x-github-api-version': '2022-11-28',
      'if-none-match': '"a"',
      authorization: `Bearer ${TOKEN}`,
      'accept-encoding': 'gzip, br',
    })
  })
})

describe('what comes back', () => {
  test('status, headers and body, whatever they are', async () => {
    const body = randomBytes(2 * MIB)
    provider.answer = (_, response) => {
      response
        .writeHead(418, { 'content-type': 'image/png', etag: '"a"', 'x-ratelimit-remaining': '59' })
        .end(body)
    }
    const answer = await send('GET', `${proxyOf()}/x`)
    expect(answer).toMatchObject({
      status: 418,
      headers: { 'content-type': 'image/png', etag: '"a"', 'x-ratelimit-remaining': '59' },
      broken: false,
    })
    expect(answer.body.equals(body)).toBe(true)
    expect(answer.headers).not.toHaveProperty('content-disposition')
  })

  test('unpacked, with the length that it has then', async () => {
    provider.answer = (_, response) => {
      const packed = gzipSync('سلام')
      response
        .writeHead(200, {
          'content-type': 'text/plain; charset=utf-8',
          'content-encoding': 'gzip',
          'content-length': packed.length,
        })
        .end(packed)
    }
    const answer = await send('GET', `${proxyOf()}/x`)
    expect(answer.body.toString()).toBe('سلام')
    expect(answer.headers).not.toHaveProperty('content-encoding')
  })

  test.each([
    ['HEAD', 200, '1234'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])('%s with %i has no body', async (method, status, length) => {
    provider.answer = (_, response) =>
      response.writeHead(status, status === 200 ? { 'content-length': 1234 } : {}).end()
    const answer = await send(method, `${proxyOf()}/x`)
    expect([answer.status, answer.body.length, answer.headers['content-length']]).toEqual([status, 0, length])
  })

  test.each([
    ['text/html', '<script>alert(1)</script>'],
    ['image/svg+xml', '<svg onload="alert(1)"/>'],
    ['application/xhtml+xml', '<html/>'],
    ['text/xml', '<a/>'],
    ['text/javascript', 'alert(1)'],
    ['application/pdf', '%PDF'],
    ['TEXT/HTML; charset=x', '<b>'],
    [undefined, '<script>'],
  ])('%s is inert on our origin', async (type, text) => {
    provider.answer = (_, response) => {
      response
        .writeHead(200, {
          ...(type && { 'content-type': type }),
          'set-cookie': ['a=1', 'b=2'],
          'content-security-policy': "default-src *; script-src 'unsafe-inline'",
          'content-disposition': 'inline; filename=a.html',
          'access-control-allow-origin': '*',
          'clear-site-data': '"*"',
          'strict-transport-security': 'max-age=0',
          'x-content-type-options': 'sniff',
          'cache-control': 'public, max-age=9999',
          'x-request-id': 'theirs',
          server: 'nginx/1.0',
        })
        .end(text)
    }
    const { headers, body } = await send('GET', `${proxyOf()}/x`)
    expect(body.toString()).toBe(text)
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringContaining('31536000'),
      'cache-control': 'no-store',
      'x-request-id': expect.not.stringContaining('theirs'),
    })
    for (const name of ['set-cookie', 'access-control-allow-origin', 'clear-site-data', 'server']) {
      expect(headers).not.toHaveProperty(name)
    }
  })

  test('a redirect is an answer: nobody follows it, and one within the provider stays with us', async () => {
    const inside = await PlayedProvider.start()
    for (const [location, shown] of [
      [`${inside.url}/latest/meta-data/`, `${inside.url}/latest/meta-data/`],
      ['http://169.254.169.254/', 'http://169.254.169.254/'],
      ['https://api.github.com/repositories/1', `https://wasl.example${proxyOf()}/repositories/1`],
      ['https://api.github.com.evil.test/', 'https://api.github.com.evil.test/'],
    ]) {
      provider.answer = (_, response) => response.writeHead(302, { location }).end()
      const answer = await send('GET', `${proxyOf()}/x`)
      expect([answer.status, answer.headers.location]).toEqual([302, shown])
    }
    expect(inside.connections).toBe(0)
    await inside.stop()
  })
})

describe('whose connection it is', () => {
  test('is asked before anything else: another project, another environment, no key, a key that may not write', async () => {
    const other = await a.project()
    const theirs = await a.github(other, 'secret')
    const staging = await a.key(project, { environment: 'staging', scopes: ['write'] })
    const reader = await a.key(project, { scopes: ['read', 'connections:write', 'payments'] })
    // In memory by now, for those who may.
    expect((await send('GET', `${proxyOf()}/user`)).status).toBe(200)
    provider.seen.length = 0
    const tries = [
      await send('GET', `${proxyOf(theirs)}/user`),
      await send('GET', `/v1/projects/${other}/connections/${theirs.id}/proxy/user`),
      await send('GET', `/v1/projects/${other}/connections/${github.id}/proxy/user`),
      await send('GET', `${proxyOf()}/user`, { caller: staging }),
      await send('GET', `${proxyOf({ id: 'nonsense' })}/user`),
      await send('GET', `${proxyOf()}/user`, { caller: null }),
      await send('POST', `${proxyOf()}/user`, { caller: reader, body: 'x' }),
    ]
    expect(tries.map((answer) => [answer.status, problemIn(answer).code])).toEqual([
      ...Array(5).fill([404, 'not_found']),
      [401, 'unauthorized'],
      [403, 'forbidden'],
    ])
    expect(provider.seen).toEqual([])
  })

  test('suspended, it is used no more, on the spot; resumed, it is', async () => {
    const { id } = await a.github(project, 'secret')
    const path = `/v1/projects/${project}/connections/${id}`
    const status = async (): Promise<number> => (await send('GET', `${path}/proxy/user`)).status
    expect(await status()).toBe(200)
    await platform.call('PATCH', path, { body: { status: 'suspended' } })
    while ((await status()) === 200);
    const answer = await send('GET', `${path}/proxy/user`, { headers: { 'accept-language': 'ar' } })
    expect([answer.status, problemIn(answer)]).toMatchObject([
      409,
      { code: 'invalid_state', effect: 'none', available_actions: ['resume'], detail: /معلق|suspended/ },
    ])
    await platform.call('PATCH', path, { body: { status: 'connected' } })
    while ((await status()) !== 200);
    await platform.call('DELETE', path)
    while ((await status()) === 200);
    expect(problemIn(await send('GET', `${path}/proxy/user`)).code).toBe('invalid_state')
  })

  test('a provider that this build has no connector for is none of ours to call', async () => {
    const { id } = await a.github(project, 'secret')
    await sql(platform.database.url, "UPDATE integration_connections SET provider = 'vercel' WHERE id = $1", [
      id,
    ])
    const answer = await send('GET', `${proxyOf({ id })}/x`)
    expect([answer.status, problemIn(answer).code]).toEqual([422, 'unsupported'])
  })

  test.each(['TRACE', 'PROPFIND', 'LOCK'])('%s is no method of it', async (method) => {
    const answer = await send(method, `${proxyOf()}/x`)
    expect([405, 404]).toContain(answer.status)
    expect(provider.seen).toEqual([])
  })
})

describe('a provider that', () => {
  test('fails in passing is asked again, if that changes nothing there', async () => {
    let calls = 0
    provider.answer = (_, response) => response.writeHead(++calls === 1 ? 503 : 200).end()
    expect((await send('GET', `${proxyOf()}/x`)).status).toBe(200)
    calls = 0
    expect((await send('POST', `${proxyOf()}/x`, { body: 'x' })).status).toBe(503)
    expect(provider.seen).toHaveLength(3)
  })

  test('hangs up', async () => {
    provider.answer = (request) => request.socket.destroy()
    const write = await send('POST', `${proxyOf()}/x`, { body: 'x' })
    expect([write.status, write.headers['content-type'], problemIn(write)]).toMatchObject([
      502,
      expect.stringContaining('application/problem+json'),
      { code: 'provider_error', retry: 'same', effect: 'unknown' },
    ])
    expect(provider.seen).toHaveLength(1)
    expect(problemIn(await send('GET', `${proxyOf()}/x`))).toMatchObject({ effect: 'none' })
  })

  test('breaks off in the middle: so does the answer', async () => {
    provider.answer = (request, response) => {
      response.writeHead(200, { 'content-length': MIB }).write(Buffer.alloc(MIB / 2))
      setImmediate(() => request.socket.destroy())
    }
    expect(await send('GET', `${proxyOf()}/x`)).toMatchObject({ status: 200, broken: true })
  })

  test('sends a gigabyte, saying so or not', async () => {
    const chunk = Buffer.alloc(MIB)
    const endless = (length: object) => (_: unknown, response: import('node:http').ServerResponse) => {
      let sent = 0
      response.writeHead(200, length as Record<string, string>)
      const more = (): void => {
        while (sent < 1024 && response.write(chunk)) sent++
        if (sent < 1024) response.once('drain', more)
      }
      more()
    }
    provider.answer = endless({ 'content-length': String(2 ** 30) })
    const told = await send('GET', `${proxyOf()}/x`)
    expect([told.status, problemIn(told)]).toMatchObject([502, { code: 'provider_error', effect: 'none' }])
    provider.answer = endless({})
    const cut = await send('GET', `${proxyOf()}/x`)
    expect(cut).toMatchObject({ status: 200, broken: true })
    expect(cut.body.length).toBeLessThanOrEqual(10 * MIB)
  })

  test('waits while its caller has gone: it hears of it', async () => {
    const [arrived, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    provider.answer = (_, response) => {
      response.once('close', () => gone.resolve())
      arrived.resolve()
    }
    const giveUp = new AbortController()
    const headers = { authorization: `Bearer ${key}` }
    const call = fetch(`${platform.url}${proxyOf()}/x`, { headers, signal: giveUp.signal }).catch(
      () => undefined,
    )
    await arrived.promise
    giveUp.abort()
    await Promise.all([gone.promise, call])
  })

  test('is sent more than is taken: refused, whether it was said before or not', async () => {
    const body = Buffer.alloc(10 * MIB + 1)
    const outcomes: unknown[] = []
    platform.app.get(Egress).onCall(({ reason }) => outcomes.push(reason))
    provider.answer = (_, response) => response.end('too late')
    const said = await send('POST', `${proxyOf()}/x`, { body, headers: { 'content-length': body.length } })
    expect([said.status, problemIn(said).code]).toEqual([413, 'payload_too_large'])
    const unsaid = await send('POST', `${proxyOf()}/x`, { body, headers: { 'transfer-encoding': 'chunked' } })
    expect([unsaid.status, problemIn(unsaid).code]).toEqual([413, 'payload_too_large'])
    expect(provider.seen).toEqual([])
    expect(outcomes).toEqual(['cancelled'])
  })
})

describe('no path leads away from the provider', () => {
  const HOSTS = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    'localhost',
    '169.254.169.254',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'metadata.google.internal',
    '10.0.0.1',
    'evil.test',
    'api.github.com.evil.test',
    'api.github.com@evil.test',
  ]
  const SHAPES: ((host: string) => string)[] = [
    (host) => `//${host}/`,
    (host) => `///${host}/`,
    (host) => `/@${host}/`,
    (host) => `@${host}/`,
    (host) => `:80@${host}/`,
    (host) => `.${host}/`,
    (host) => `/\\${host}/`,
    (host) => `/%5c%5c${host}/`,
    (host) => `/%2f%2f${host}/`,
    (host) => `/%252f%252f${host}/`,
    (host) => `/http://${host}/`,
    (host) => `/https:${host}/`,
    (host) => `/..//${host}/`,
    (host) => `/../../../../../../${host}/`,
    (host) => `/%2e%2e/%2e%2e/${host}`,
    (host) => `/..;/${host}/`,
    (host) => `/%00${host}/`,
    (host) => `/%0d%0aHost:%20${host}/`,
    (host) => `/x%23@${host}/`,
    (host) => `/;@${host}/`,
    (host) => `/?url=http://${host}/`,
    (host) => `?@${host}/`,
    (host) => `/#@${host}/`,
    (host) => `/x/http:%2f%2f${host}`,
  ]

  test('over 300 of them: each is refused, or asks the provider itself', async () => {
    const inside = await PlayedProvider.start()
    const { port } = new URL(inside.url)
    const paths = HOSTS.flatMap((host) => SHAPES.map((shape) => proxyOf() + shape(`${host}:${port}`)))
    expect(new Set(paths).size).toBeGreaterThanOrEqual(300)
    for (const path of paths) {
      const before = provider.seen.length
      const { status } = await send('GET', path)
      const asked = provider.seen.slice(before)
      expect([path, status, asked.map(({ headers }) => headers.host)]).toEqual(
        status === 200 ? [path, 200, ['api.github.com']] : [path, expect.any(Number), []],
      )
      expect([200, 400, 404, 422]).toContain(status)
    }
    expect(inside.connections).toBe(0)
    await inside.stop()
  })

  test('nor out of the base path, for a provider that has one', async () => {
    const tap = await PlayedProvider.start(platform, 'https://api.tap.company')
    const connection = await a.connection(project)
    const climbs = [
      '/..',
      '/../v1/x',
      '/a/../../x',
      '/%2e%2e/x',
      '/.%2e/x',
      '/%252e%252e/x',
      '/..;a/x',
      '/a%2f..%2f..%2fx',
    ]
    for (const path of climbs) {
      const answer = await send('GET', proxyOf(connection) + path)
      expect([path, answer.status]).toEqual([path, expect.any(Number)])
      expect([404, 422]).toContain(answer.status)
    }
    expect(tap.seen).toEqual([])
    expect((await send('GET', `${proxyOf(connection)}/charges/chg_1`)).status).toBe(200)
    expect(tap.seen.map(({ url }) => url)).toEqual(['/v2/charges/chg_1'])
    await tap.stop()
  })
})

test('a provider that is not there is said to be so, and nothing was done', async () => {
  const tap = await PlayedProvider.start(platform, 'https://api.tap.company')
  const connection = await a.connection(project)
  await tap.stop()
  const answer = await send('POST', `${proxyOf(connection)}/charges`, { body: '{}' })
  expect([answer.status, problemIn(answer)]).toMatchObject([
    503,
    { code: 'provider_unavailable', retry: 'other', effect: 'none' },
  ])
})

test('each call is told to who keeps logs: whose it was, and never the credential or the key', async () => {
  const calls: FinishedCall[] = []
  const stop = platform.app.get(Egress).onCall((call) => calls.push(call))
  provider.answer = (_, response) =>
    response.writeHead(422, { 'content-type': 'application/json' }).end('{"message":"no"}')
  const headers = { 'content-type': 'application/json' }
  await send('POST', `${proxyOf()}/repos/wasl/x/issues?a=1`, { headers, body: '{"title":"x"}' })
  stop()
  expect(calls).toMatchObject([
    {
      method: 'POST',
      host: 'api.github.com',
      status: 422,
      attempt: 1,
      about: {
        provider: 'github',
        connection: github.id,
        projectId: project,
        environment: 'dev',
        operation: 'proxy',
      },
      detail: {
        url: 'https://api.github.com/repos/wasl/x/issues?a=1',
        requestBody: '{"title":"x"}',
        responseBody: '{"message":"no"}',
      },
    },
  ])
  expect(JSON.stringify(calls)).not.toContain(TOKEN)
  expect(JSON.stringify(calls)).not.toContain(key)
})
