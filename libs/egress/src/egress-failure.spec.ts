import { describe, expect, test } from '@jest/globals'
import type { RequestListener } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { deflateSync, gzipSync } from 'node:zlib'
import { Egress, type EgressSettings } from './egress-client.ts'
import type { EgressRequest, SendOptions } from './egress-request.ts'
import { EgressRoutes } from './routes.ts'
import { listening, localServer } from './testing/local-server.ts'
import { egress, endings, failing, LOOPBACK, serving, to, toLoopback } from './testing/scene.ts'

interface Misbehaviour {
  answer: RequestListener
  options?: SendOptions
  settings?: Partial<EgressSettings>
  expected: { code: string; reason: string; status?: number }
}

const soon = { limits: { headersMs: 60, totalMs: 10_000 } }
const unanswered: RequestListener = () => undefined

const MISBEHAVIOURS: Record<string, Misbehaviour> = {
  'never answers': {
    answer: unanswered,
    options: soon,
    expected: { code: 'provider_timeout', reason: 'headers_timeout' },
  },
  'never answers, and the whole time is up first': {
    answer: unanswered,
    options: { limits: { totalMs: 200 } },
    expected: { code: 'provider_timeout', reason: 'total_timeout' },
  },
  'trickles its body for ever': {
    answer: (_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(drip))
    },
    options: { limits: { totalMs: 250 } },
    expected: { code: 'provider_timeout', reason: 'total_timeout', status: 200 },
  },
  'falls silent in its body': {
    answer: (_, response) => void response.writeHead(200, { 'content-length': '10' }).write('12345'),
    options: { limits: { totalMs: 250 } },
    expected: { code: 'provider_timeout', reason: 'total_timeout', status: 200 },
  },
  'hangs up before it answers': {
    answer: (request) => request.socket.resetAndDestroy(),
    expected: { code: 'provider_error', reason: 'reset' },
  },
  'hangs up in the middle of its body': {
    answer: (request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345', () => request.socket.destroy())
    },
    expected: { code: 'provider_error', reason: 'reset', status: 200 },
  },
  'sends without end': {
    answer: (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    },
    settings: { limits: { answerBytes: 1_000_000 } },
    expected: { code: 'provider_error', reason: 'too_large', status: 200 },
  },
  'sends a gzip bomb': {
    answer: (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000))),
    expected: { code: 'provider_error', reason: 'too_large', status: 200 },
  },
  'sends gzip members with nothing in them': {
    answer: (_, response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(Buffer.concat(Array(5_000).fill(gzipSync('')))),
    settings: { limits: { answerBytes: 50_000 } },
    expected: { code: 'provider_error', reason: 'too_large', status: 200 },
  },
  'cuts its gzip off': {
    answer: (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(999)).subarray(0, -9)),
    expected: { code: 'provider_error', reason: 'malformed', status: 200 },
  },
  'says gzip and sends text': {
    answer: (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain text'),
    expected: { code: 'provider_error', reason: 'malformed', status: 200 },
  },
  'says brotli and sends text': {
    answer: (_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('plain text'),
    expected: { code: 'provider_error', reason: 'malformed', status: 200 },
  },
  'sends deflate': {
    answer: (_, response) => response.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateSync('x')),
    expected: { code: 'provider_error', reason: 'encoding', status: 200 },
  },
  'packs twice': {
    answer: (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync('x'))),
    expected: { code: 'provider_error', reason: 'encoding', status: 200 },
  },
  'sends more headers than fit': {
    answer: (_, response) => response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end(),
    expected: { code: 'provider_error', reason: 'too_large' },
  },
}

describe('a provider that', () => {
  test.each(Object.entries(MISBEHAVIOURS))('%s', async (_, { answer, options, settings, expected }) => {
    const server = await serving(answer)
    const out = egress(settings)
    const write = await failing(out.send(to(server, { method: 'POST', body: 'x' }), options))
    expect(write).toMatchObject({ ...expected, effect: 'unknown' })
    const read = await failing(out.send(to(server), options))
    expect(read).toMatchObject({ ...expected, effect: 'none' })
  })

  test('speaks no HTTP', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined).once('data', () => socket.end('220 smtp.example ESMTP\r\n'))
    })
    const seen = await listening(server, () => sockets.forEach((socket) => socket.destroy()))
    endings.push(() => seen.close())
    const failure = await failing(egress().send(to(seen, { method: 'POST', body: 'x' })))
    expect(failure).toMatchObject({ code: 'provider_error', reason: 'malformed', effect: 'unknown' })
  })
})

describe('nothing was sent, so nothing happened', () => {
  const post = { method: 'POST', body: 'x' }

  test('when nobody listens', async () => {
    const server = await localServer(unanswered)
    await server.close()
    expect(await failing(egress().send(to(server, post)))).toMatchObject({
      code: 'provider_unavailable',
      reason: 'connect',
      effect: 'none',
      retry: 'other',
    })
  })

  test('when the name does not exist', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }))
    expect(
      await failing(egress({ resolve }).send({ ...post, url: 'https://nowhere.provider.test/' })),
    ).toMatchObject({ code: 'provider_unavailable', reason: 'dns', effect: 'none', detail: 'ENOTFOUND' })
  })

  test('when the name is never resolved', async () => {
    const out = egress({ resolve: () => new Promise(() => undefined), limits: { connectMs: 50 } })
    expect(await failing(out.send({ ...post, url: 'https://slow.provider.test/' }))).toMatchObject({
      code: 'provider_unavailable',
      reason: 'connect_timeout',
      effect: 'none',
    })
  })

  test('when the whole time is up before there is a socket', async () => {
    // Connecting alone would outlast the test.
    const out = egress({ resolve: () => new Promise(() => undefined), limits: { connectMs: 600_000 } })
    const call = out.send({ ...post, url: 'https://slow.provider.test/' }, { limits: { totalMs: 50 } })
    expect(await failing(call)).toMatchObject({ reason: 'connect_timeout', effect: 'none' })
  })

  test('when the caller gives up before there is a socket, even if one comes', async () => {
    const server = await serving((_, response) => response.end(), true)
    const giveUp = new AbortController()
    const found = Promise.withResolvers<{ address: string; family: number }[]>()
    const out = egress({
      resolve: () => {
        giveUp.abort()
        return found.promise
      },
    })
    const url = `https://api.provider.test:${server.port}/`
    const failure = await failing(out.send({ ...post, url }, { signal: giveUp.signal }))
    expect(failure).toMatchObject({ reason: 'cancelled', effect: 'none' })
    found.resolve(await toLoopback())
    // A second call on the same way is served after the first would have been.
    await out.send({ method: 'GET', url })
    expect(server.requests.map(({ method }) => method)).toEqual(['GET'])
  })

  test('when the certificate is of nobody we know', async () => {
    const server = await serving(unanswered, true)
    const out = new Egress({ allowed: LOOPBACK, routes: new EgressRoutes(false), resolve: toLoopback })
    endings.push(() => out.close())
    const url = `https://api.provider.test:${server.port}/`
    expect(await failing(out.send({ ...post, url }))).toMatchObject({
      code: 'provider_unavailable',
      reason: 'tls',
      effect: 'none',
    })
  })

  test('when the certificate is for another name', async () => {
    const server = await serving(unanswered, true)
    const url = `https://other.provider.test:${server.port}/`
    expect(await failing(egress().send({ ...post, url }))).toMatchObject({
      reason: 'tls',
      effect: 'none',
      detail: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    expect(server.requests).toEqual([])
  })

  test.each<Partial<EgressRequest>>([
    { method: 'CONNECT' },
    { method: 'TRACE' },
    { method: 'get' },
    { method: 'GET / HTTP/1.1\r\nX: y' },
    { headers: { Host: 'metadata.internal' } },
    { headers: { 'content-length': '0' } },
    { headers: { 'Transfer-Encoding': 'chunked' } },
    { headers: { 'proxy-authorization': 'x' } },
    { headers: { 'x-a': 'one\r\nx-b: two' } },
    { headers: { 'x-a\r\nx-b': 'two' } },
  ])('when the request itself would be unsafe: %j', async (rest) => {
    const server = await serving((_, response) => response.end())
    const failure = await failing(egress().send(to(server, { method: 'POST', ...rest })))
    expect(failure).toMatchObject({ code: 'invalid_request', reason: 'request', effect: 'none' })
    expect(server.requests).toEqual([])
  })

  test('when the caller had already given up: not even the name is looked up', async () => {
    const server = await serving((_, response) => response.end(), true)
    const asked: string[] = []
    const out = egress({
      resolve: (hostname) => {
        asked.push(hostname)
        return toLoopback()
      },
    })
    const gone = out.send({ ...post, url: 'https://gone.provider.test/' }, { signal: AbortSignal.abort() })
    expect(await failing(gone)).toMatchObject({ reason: 'cancelled', effect: 'none' })
    await out.send({ method: 'GET', url: `https://api.provider.test:${server.port}/` })
    expect(asked).toEqual(['api.provider.test'])
  })
})

test('a caller that gives up once the request is out does not know what happened', async () => {
  const giveUp = new AbortController()
  const server = await serving(() => giveUp.abort())
  const failure = await failing(
    egress().send(to(server, { method: 'POST', body: 'x' }), { signal: giveUp.signal }),
  )
  expect(failure).toMatchObject({ code: 'provider_timeout', reason: 'cancelled', effect: 'unknown' })
})

test('a POST that only asks is a read', async () => {
  const server = await serving((request) => request.socket.destroy())
  expect(await failing(egress().send(to(server, { method: 'POST', reads: true })))).toMatchObject({
    effect: 'none',
  })
})

test('a failure tells neither address nor secret, however it is looked at', async () => {
  const server = await serving((request) => request.socket.destroy())
  const failure = await failing(
    egress().send({
      method: 'POST',
      url: `http://127.0.0.1:${server.port}/hunter2?token=hunter2`,
      headers: { authorization: 'Bearer hunter2' },
      body: 'hunter2',
    }),
  )
  const looked = inspect(failure, { depth: 9, showHidden: true }) + JSON.stringify(failure) + String(failure)
  expect(looked).not.toMatch(/hunter2|127\.0\.0\.1/)
})
