import type { Auth, Endpoint } from '@app/connector-kit'
import { field, secret } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { afterAll, beforeEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { RequestListener } from 'node:http'
import { inspect } from 'node:util'
import { Egress } from './egress-client.ts'
import { type ProviderCall, ProviderHttp, providerHttp } from './provider-http.ts'
import { EgressRoutes } from './routes.ts'
import { type LocalServer, localServer } from './testing/local-server.ts'

const words = {
  label: { en: 'Key', ar: 'المفتاح' },
  help: { en: 'From the console.', ar: 'من لوحة التحكم.' },
}
const _fields = { key: secret(words), user: field(words), other: secret(words) }
const creds = { key: Secret.of('sk_hunter2'), user: 'merchant', other: undefined }
const endpoints: Endpoint[] = [
  { mode: 'live', region: 'sa', url: 'https://api.provider.test/sa/v1' },
  { mode: 'live', url: 'https://api.provider.test/v1' },
  { mode: 'test', url: 'https://sandbox.provider.test/v1' },
]
const bearer: Auth<typeof _fields> = { kind: 'bearer', token: 'key' }

let server: LocalServer
let answer: RequestListener
const routes = new EgressRoutes(false)
const egress = new Egress({ allowed: [], routes })

beforeAll(async () => {
  server = await localServer((request, response) => answer(request, response))
  for (const host of ['api', 'sandbox'])
    routes.add(`https://${host}.provider.test`, `http://127.0.0.1:${server.port}`)
})
beforeEach(() => {
  server.requests.length = 0
  answer = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
})
afterAll(async () => {
  await egress.close()
  await server.close()
})

function asking(call: Partial<ProviderCall>, auth: Auth<typeof _fields> = bearer): Promise<unknown> {
  return new ProviderHttp(egress, { connector: { auth, endpoints }, creds, mode: 'live' }).request({
    method: 'GET',
    path: '/me',
    ...call,
  })
}

describe('who we are is put in', () => {
  test.each([
    ['bearer', bearer, { authorization: 'Bearer sk_hunter2' }],
    [
      'basic, with a password',
      { kind: 'basic', user: 'user', password: 'key' },
      { authorization: `Basic ${Buffer.from('merchant:sk_hunter2').toString('base64')}` },
    ],
    [
      'basic, without one',
      { kind: 'basic', user: 'key' },
      { authorization: `Basic ${Buffer.from('sk_hunter2:').toString('base64')}` },
    ],
    [
      'a header of their own',
      { kind: 'header', name: 'X-Api-Key', value: 'key' },
      { 'x-api-key': 'sk_hunter2' },
    ],
  ] as [string, Auth<typeof _fields>, Record<string, string>][])('as %s', async (_, auth, headers) => {
    await asking({}, auth)
    expect(server.requests).toMatchObject([{ method: 'GET', headers }])
  })

  test('as a query parameter', async () => {
    const auth = { kind: 'query', name: 'apikey', value: 'key' } as const
    await asking({ query: { a: '1', apikey: 'theirs' } }, auth)
    expect(server.requests).toMatchObject([{ url: '/sa/v1/me?a=1&apikey=sk_hunter2' }])
  })

  test('and a connector cannot replace it', async () => {
    await asking({ headers: { Authorization: 'Bearer other', 'X-Extra': '1' } })
    expect(server.requests).toMatchObject([
      { headers: { authorization: 'Bearer sk_hunter2', 'x-extra': '1' } },
    ])
  })

  test('a kind that nobody knows sends nothing', async () => {
    const auth = { kind: 'telepathy' } as unknown as Auth<typeof _fields>
    await expect(asking({}, auth)).rejects.toMatchObject({ code: 'unsupported', effect: 'none' })
    expect(server.requests).toEqual([])
  })

  test('a missing credential, or one that breaks a header, sends nothing and is not shown', async () => {
    const broken = { ...creds, other: Secret.of('hunter2\r\nx-evil: 1') }
    for (const values of [creds, broken]) {
      const http = providerHttp(
        egress,
        { auth: { kind: 'bearer', token: 'other' }, endpoints },
        values,
        'live',
      )
      const error: unknown = await http
        .request({ method: 'GET', path: '/' })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'invalid_request', effect: 'none' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
    }
    expect(server.requests).toEqual([])
  })
})

describe('where it goes', () => {
  test.each([
    ['live', undefined, '/sa/v1/me', 'api.provider.test'],
    ['live', 'sa', '/sa/v1/me', 'api.provider.test'],
    ['live', 'ae', '/v1/me', 'api.provider.test'],
    ['test', 'ae', '/v1/me', 'sandbox.provider.test'],
  ] as const)('mode %s and region %s', async (mode, region, url, host) => {
    const rest = region === undefined ? {} : { region }
    const rows = region === undefined ? endpoints.slice(0, 1) : endpoints
    await providerHttp(egress, { auth: bearer, endpoints: rows }, creds, mode, rest).request({
      method: 'GET',
      path: '/me',
    })
    expect(server.requests).toMatchObject([{ url, headers: { host } }])
  })

  test('a mode without an endpoint, and a path that climbs, go nowhere', async () => {
    const live = endpoints.slice(0, 2)
    await expect(
      providerHttp(egress, { auth: bearer, endpoints: live }, creds, 'test').request({
        method: 'GET',
        path: '/',
      }),
    ).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(asking({ path: '/charges/../../secret' })).rejects.toMatchObject({ code: 'invalid_request' })
    expect(server.requests).toEqual([])
  })
})

describe('what is said', () => {
  test('JSON', async () => {
    await asking({ method: 'POST', json: { amount: 10.5, name: 'سارة' } })
    expect(server.requests).toMatchObject([
      { body: '{"amount":10.5,"name":"سارة"}', headers: { 'content-type': 'application/json' } },
    ])
  })

  test('a form', async () => {
    await asking({ method: 'POST', form: { grant_type: 'x', a: '&=' } })
    expect(server.requests).toMatchObject([
      { body: 'grant_type=x&a=%26%3D', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ])
  })
})

describe('what comes back', () => {
  test('is an answer of any status, with its text and JSON', async () => {
    answer = (_, response) => response.writeHead(401, { 'x-a': 'b' }).end('{"errors":[1]}')
    const reply = await new ProviderHttp(egress, {
      connector: { auth: bearer, endpoints },
      creds,
      mode: 'live',
    }).request({
      method: 'GET',
      path: '/me',
    })
    expect(reply).toMatchObject({ status: 401, headers: { 'x-a': 'b' }, text: '{"errors":[1]}' })
    expect(reply.json()).toEqual({ errors: [1] })
  })

  test.each([
    ['GET', 'none'],
    ['POST', 'unknown'],
  ])('HTML with status 200, to %s, is no JSON', async (method, effect) => {
    answer = (_, response) => response.end('<html>Blocked</html>')
    const http = providerHttp(egress, { auth: bearer, endpoints }, creds, 'live')
    const reply = await http.request({ method, path: '/me' })
    expect(() => reply.json()).toThrow(
      expect.objectContaining({ code: 'provider_error', reason: 'not_json', status: 200, effect }),
    )
  })

  test.each([301, 302, 303, 307, 308])('a redirect with %i is a broken contract', async (status) => {
    answer = (_, response) => response.writeHead(status, { location: 'http://169.254.169.254/' }).end()
    await expect(asking({})).rejects.toMatchObject({ code: 'provider_error', reason: 'redirect', status })
    expect(server.requests).toHaveLength(1)
  })
})

test('time-outs and the caller’s signal reach the call', async () => {
  answer = () => undefined
  const http = providerHttp(egress, { auth: bearer, endpoints }, creds, 'live', { limits: { totalMs: 100 } })
  await expect(http.request({ method: 'POST', path: '/' })).rejects.toMatchObject({
    code: 'provider_timeout',
    effect: 'unknown',
  })
})
