import { type Auth, type Exchange, field, secret } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { RequestListener } from 'node:http'
import { inspect } from 'node:util'
import type { Egress } from '../egress-client.ts'
import type { FinishedCall } from '../finished-call.ts'
import { providerHttp } from '../provider-http.ts'
import { EgressRoutes } from '../routes.ts'
import type { LocalServer } from '../testing/local-server.ts'
import { egress, serving } from '../testing/scene.ts'
import { TestClock } from '../testing/test-clock.ts'

const words = { label: { en: 'Key', ar: 'المفتاح' }, help: { en: 'x', ar: 'س' } }
const _fields = { key: secret(words), tenant: field(words) }
const exchange: Exchange<typeof _fields> = {
  kind: 'exchange',
  at: { path: '/auth/tokens' },
  send: { as: 'json', credentials: { api_key: 'key' }, fixed: { grant: 'key' } },
  token: 'data.token',
  expiresIn: 'data.expires_in',
  lifetimeS: 3_600,
}

let clock: TestClock
let out: Egress
let server: LocalServer
let bought: number
let buying: RequestListener
let answering: RequestListener
let calls: FinishedCall[]

beforeEach(async () => {
  bought = 0
  calls = []
  buying = (_, response) => response.writeHead(201).end(JSON.stringify({ data: { token: `t${++bought}` } }))
  answering = (_, response) => response.end('{}')
  server = await serving((request, response) =>
    /token/.test(request.url ?? '') ? buying(request, response) : answering(request, response),
  )
  const routes = new EgressRoutes(false)
  for (const host of ['api', 'login'])
    routes.add(`https://${host}.provider.test`, `http://127.0.0.1:${server.port}`)
  clock = new TestClock()
  out = egress({ allowed: [], routes, clock })
  out.onCall((call) => calls.push(call))
})

const http = (auth: Auth<typeof _fields> = exchange, connection = 'c1', key = 'hunter2') =>
  providerHttp(
    out,
    { auth, endpoints: [{ url: 'https://api.provider.test/v1' }] },
    { key: Secret.of(key), tenant: 'acme/..' },
    'live',
    { about: { connection } },
  )
const ask = { method: 'POST', path: '/charges', json: {} }
const shown = (): unknown[] =>
  server.requests.filter(({ url }) => !/token/.test(url)).map(({ headers }) => headers.authorization)

describe('a token is bought', () => {
  test('with the credentials, once for all who wait, and used until it is about to end', async () => {
    await Promise.all([1, 2, 3].map(() => http().request(ask)))
    expect(shown()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1'])
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/v1/auth/tokens',
      body: '{"grant":"key","api_key":"hunter2"}',
    })
    clock.pass(3_600_000 - 61_000)
    await http().request(ask)
    expect(bought).toBe(1)
    clock.pass(2_000)
    await http().request(ask)
    expect(bought).toBe(2)
  })

  test('for each connection, and anew when its credentials change', async () => {
    await http(exchange, 'c1').request(ask)
    await http(exchange, 'c2').request(ask)
    await http(exchange, 'c1', 'rotated').request(ask)
    expect(shown()).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3'])
  })

  test('elsewhere, as a form, with credentials in the path that cannot climb, and shown in a header of its own', async () => {
    const elsewhere: Exchange<typeof _fields> = {
      ...exchange,
      at: { url: 'https://login.provider.test/{tenant}/token' },
      send: { as: 'form', fixed: { grant_type: 'client_credentials' } },
      basic: { user: 'tenant', password: 'key' },
      header: { name: 'X-Token' },
    }
    await http(elsewhere).request(ask)
    expect(server.requests).toMatchObject([
      {
        url: '/acme%2F../token',
        body: 'grant_type=client_credentials',
        headers: {
          host: 'login.provider.test',
          authorization: `Basic ${Buffer.from('acme/..:hunter2').toString('base64')}`,
        },
      },
      { url: '/v1/charges', headers: { 'x-token': 't1' } },
    ])
  })

  test.each([
    ['seconds', { expires_in: 100 }, 90],
    ['text', { expires_in: '100' }, 90],
    ['nothing', {}, 3_540],
    ['nonsense', { expires_in: -1 }, 3_540],
  ])('and lives as long as the answer says: %s', async (_, life, seconds) => {
    buying = (_request, response) =>
      response.writeHead(200).end(JSON.stringify({ data: { token: `t${++bought}`, ...life } }))
    await http().request(ask)
    clock.pass((seconds - 1) * 1_000)
    await http().request(ask)
    expect(bought).toBe(1)
    clock.pass(1_000)
    await http().request(ask)
    expect(bought).toBe(2)
  })

  test('until a date, where the answer names one', async () => {
    const until: Exchange<typeof _fields> = { ...exchange, expiresAt: 'until' }
    buying = (_, response) => {
      const end = new Date(clock.date() + 100_000).toISOString()
      response.end(JSON.stringify({ data: { token: `t${++bought}` }, until: end }))
    }
    await http(until).request(ask)
    clock.pass(89_000)
    await http(until).request(ask)
    expect(bought).toBe(1)
    clock.pass(1_000)
    await http(until).request(ask)
    expect(bought).toBe(2)
  })
})

describe('a token that is refused', () => {
  test('is dropped, and the call, which did nothing, is made once more with another', async () => {
    answering = (request, response) =>
      response.writeHead(request.headers.authorization === 'Bearer t1' ? 401 : 200).end()
    expect((await http().request(ask)).status).toBe(200)
    expect(shown()).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('twice is an answer', async () => {
    answering = (_, response) => response.writeHead(401).end()
    expect((await http().request(ask)).status).toBe(401)
    expect(shown()).toEqual(['Bearer t1', 'Bearer t2'])
  })
})

describe('no token', () => {
  test.each([
    [401, '{}', 'connection_unauthorized', 1],
    [400, '{}', 'connection_unauthorized', 1],
    [200, '{"data":{}}', 'provider_error', 3],
    [200, '<html>', 'provider_error', 3],
    [200, '{"data":{"token":"a\\r\\nb"}}', 'provider_error', 3],
    [503, '', 'provider_error', 3],
  ])('for %i %j: %s, and nothing was done', async (status, text, code, tries) => {
    buying = (_, response) => response.writeHead(status).end(text)
    await expect(http().request(ask)).rejects.toMatchObject({ code, effect: 'none', status })
    expect(server.requests).toHaveLength(tries)
    expect(shown()).toEqual([])
  })

  test('is not remembered', async () => {
    const honest = buying
    buying = (_, response) => response.writeHead(401).end()
    await expect(http().request(ask)).rejects.toMatchObject({ code: 'connection_unauthorized' })
    buying = honest
    expect((await http().request(ask)).status).toBe(200)
  })
})

test('neither credentials nor tokens are told to who listens, nor printed', async () => {
  await http().request(ask)
  expect(calls.map(({ about }) => about.operation)).toEqual(['token_exchange', undefined])
  expect(calls[0]).not.toHaveProperty('detail')
  expect(JSON.stringify(calls)).not.toMatch(/hunter2|t1/)
  expect(inspect(out, { depth: 12, showHidden: true })).not.toMatch(/hunter2|'t1'/)
})

describe('the token of a linked account', () => {
  const auth = { kind: 'oauth2' } as const

  test('is lent by whoever fills the slot; until then nothing is sent', async () => {
    await expect(http(auth).request(ask)).rejects.toMatchObject({
      code: 'connection_unauthorized',
      retry: 'after_fix',
      effect: 'none',
    })
    expect(server.requests).toEqual([])
    out.lent.fill({ tokenOf: async (connection) => Secret.of(`lent-to-${connection}`), refused: () => false })
    await http(auth).request(ask)
    expect(shown()).toEqual(['Bearer lent-to-c1'])
  })

  test('is asked for again where a refused one can be made good', async () => {
    let token = 'old'
    out.lent.fill({
      tokenOf: async () => Secret.of(token),
      refused: () => {
        token = 'new'
        return true
      },
    })
    answering = (request, response) =>
      response.writeHead(request.headers.authorization === 'Bearer old' ? 401 : 200).end()
    expect((await http(auth).request(ask)).status).toBe(200)
  })

  test('that is no more is a connection to be linked again', async () => {
    out.lent.fill({ tokenOf: async () => null, refused: () => false })
    await expect(http(auth).request(ask)).rejects.toMatchObject({ code: 'connection_unauthorized' })
  })
})
