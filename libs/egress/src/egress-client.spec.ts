import { describe, expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Egress } from './egress-client.ts'
import type { FinishedCall } from './finished-call.ts'
import { type LocalServer } from './testing/local-server.ts'
import { egress, failing, LOOPBACK, serving, to, toLoopback } from './testing/scene.ts'

describe('an answer', () => {
  test('comes back whole, whatever its status', async () => {
    const server = await serving((_, response) =>
      response.writeHead(418, { 'x-kind': 'teapot' }).end('short'),
    )
    const reply = await egress().send(
      to(server, { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }),
    )
    expect(reply).toMatchObject({ status: 418, headers: { 'x-kind': 'teapot' }, body: Buffer.from('short') })
    expect(server.requests).toMatchObject([
      { method: 'POST', url: '/v1/things', body: '{"a":1}', headers: { 'content-type': 'application/json' } },
    ])
  })

  test('over TLS keeps the name in SNI and Host while the socket goes to the checked address', async () => {
    const server = await serving((_, response) => response.end('ok'), true)
    const reply = await egress().send({ method: 'GET', url: `https://api.provider.test:${server.port}/` })
    expect(reply.body.toString()).toBe('ok')
    expect(server.requests).toMatchObject([
      { tlsName: 'api.provider.test', headers: { host: `api.provider.test:${server.port}` } },
    ])
  })

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => Buffer.from(text)],
  ])('in %s is decompressed', async (encoding, compress) => {
    const server = await serving((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(compress('سلام')),
    )
    expect((await egress().send(to(server))).body.toString()).toBe('سلام')
  })

  test.each([
    ['GET', 200],
    ['GET', 204],
    ['GET', 304],
    ['HEAD', 200],
  ])('to %s with status %i and no body, said to be gzip, is an empty one', async (method, status) => {
    const server = await serving((_, response) =>
      response.writeHead(status, { 'content-encoding': 'gzip' }).end(),
    )
    expect(await egress().send(to(server, { method }))).toMatchObject({ status, body: Buffer.alloc(0) })
  })

  test('that redirects is handed over, and nobody goes there', async () => {
    const elsewhere = await serving((_, response) => response.end('secret'))
    const server = await serving((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/` }).end(),
    )
    expect((await egress().send(to(server))).status).toBe(302)
    expect(elsewhere.connections).toBe(0)
  })

  test('of exactly the limit passes, and of a byte more does not', async () => {
    const server = await serving((request, response) =>
      response.end(Buffer.alloc(request.url === '/more' ? 1001 : 1000)),
    )
    const out = egress({ limits: { answerBytes: 1000 } })
    expect((await out.send(to(server))).body).toHaveLength(1000)
    const failure = await failing(out.send(to(server, { url: `http://127.0.0.1:${server.port}/more` })))
    expect(failure).toMatchObject({ code: 'provider_error', reason: 'too_large', status: 200 })
  })
})

test('a closed egress lets go of what hangs', async () => {
  const server = await serving(() => void out.close())
  const out = egress()
  expect(await failing(out.send(to(server)))).toMatchObject({ code: 'provider_error' })
})

describe('each finished call is announced', () => {
  async function announced(
    sending: (out: Egress, server: LocalServer) => Promise<unknown>,
  ): Promise<FinishedCall[]> {
    const server = await serving((_, response) => response.writeHead(201).end('12345'))
    const out = egress()
    const calls: FinishedCall[] = []
    out.onCall(() => {
      throw new Error('a log that fails')
    })
    out.onCall((call) => calls.push(call))
    await sending(out, server).catch(() => undefined)
    return calls
  }

  test('with an answer: how it went, for whom, and no secret', async () => {
    const calls = await announced((out, server) =>
      out.send({
        method: 'POST',
        url: `http://127.0.0.1:${server.port}/v2/charges/chg_hunter2?key=hunter2#hunter2`,
        headers: { authorization: 'Bearer hunter2' },
        body: 'hunter2',
        about: { provider: 'tap_payments', connection: 'c1' },
      }),
    )
    const [{ detail, ...plain }] = calls as [FinishedCall]
    expect(detail?.url).toContain('/v2/charges/chg_hunter2?key=hunter2')
    expect([plain]).toEqual([
      {
        method: 'POST',
        host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        path: '/v2/charges/{}',
        status: 201,
        bytes: 5,
        ms: expect.any(Number),
        outcome: 'answered',
        about: { provider: 'tap_payments', connection: 'c1' },
        attempt: 1,
      },
    ])
  })

  test('refused: with its outcome and effect', async () => {
    const calls = await announced((out) => out.send({ method: 'GET', url: 'https://user:hunter2@10.0.0.1/' }))
    expect(calls).toMatchObject([{ host: '', outcome: 'refused_address', reason: 'url', effect: 'none' }])
    expect(JSON.stringify(calls)).not.toContain('hunter2')
  })

  test('under the template that the caller gave, until nobody listens', async () => {
    const server = await serving((_, response) => response.end())
    const out = egress()
    const paths: string[] = []
    const end = out.onCall(({ path }) => paths.push(path))
    await out.send(to(server, { template: '/v1/{kind}' }))
    end()
    await out.send(to(server))
    expect(paths).toEqual(['/v1/{kind}'])
  })
})

test('every socket is checked, and used for many calls', async () => {
  const server = await serving((_, response) => response.end('ok'), true)
  let checked = 0
  const out = egress({
    resolve: () => {
      checked++
      return toLoopback()
    },
  })
  for (let i = 0; i < 20; i++) {
    await out.send({ method: 'GET', url: `https://api.provider.test:${server.port}/` })
  }
  expect(server.requests).toHaveLength(20)
  expect(server.connections).toBe(checked)
  expect(checked).toBeLessThan(20)
})

test('a checked address that does not answer is followed by the next', async () => {
  const server = await serving((_, response) => response.end('ok'), true)
  // Nobody listens on ::1 at that port.
  const out = egress({
    allowed: [...LOOPBACK, ipaddr.parseCIDR('::1/128')],
    resolve: async () => [{ address: '::1', family: 6 }, ...(await toLoopback())],
  })
  const reply = await out.send({ method: 'GET', url: `https://api.provider.test:${server.port}/` })
  expect(reply.status).toBe(200)
})
