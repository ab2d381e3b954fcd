import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Egress, EgressRoutes } from '@app/egress'
import ipaddr from 'ipaddr.js'
import { PlayedProvider } from '../../../../../test/support/played-provider.ts'
import type { Address, Parcel } from '../channel.ts'
import { HttpChannel } from './http-channel.ts'
import { httpRules } from './http-rules.ts'

let app: PlayedProvider
const egress = new Egress({
  allowed: [ipaddr.parseCIDR('127.0.0.1/32')],
  routes: new EgressRoutes(false),
})
const channel = new HttpChannel(egress)
const parcel = {
  body: '{"id":"1"}',
  signature: { 'webhook-id': '1', 'webhook-timestamp': '2', 'webhook-signature': 'v1,x' },
  orderKey: null,
} as unknown as Parcel
const address = (url: string): Address => ({
  ...{ destinationId: 'd', version: 1, url, config: {}, credentials: {} },
})
const send = (path = '/hook', signal = new AbortController().signal) =>
  channel.send(address(app.url + path), parcel, signal)

beforeAll(async () => {
  app = await PlayedProvider.start()
})
beforeEach(() => {
  app.seen.length = 0
})
afterAll(async () => {
  await egress.close()
  await app.stop()
})
const answers = (status: number, headers = {}, body: string | Buffer = '') => {
  app.answer = (_, response) => response.writeHead(status, headers).end(body)
}

test('a POST of the very bytes, as a CloudEvent, under the three headers', async () => {
  answers(200, {}, 'thank you')
  expect(await send('/hook?a=1')).toEqual({
    ...{ code: 'delivered', delivered: true, status: 200, excerpt: 'thank you' },
  })
  const { method, url, headers, body } = app.last
  expect([method, url, body.toString()]).toEqual(['POST', '/hook?a=1', parcel.body])
  expect(headers).toMatchObject({
    'content-type': 'application/cloudevents+json',
    'content-length': '10',
    ...parcel.signature,
  })
})

test.each([
  [201, {}, { code: 'delivered', delivered: true }],
  [204, {}, { code: 'delivered', delivered: true }],
  [302, { location: '/elsewhere' }, { code: 'http_302', delivered: false }],
  [400, {}, { code: 'http_400', delivered: false }],
  [404, {}, { code: 'http_404', delivered: false }],
  [410, {}, { code: 'gone', delivered: false, permanent: true }],
  [429, { 'retry-after': '7' }, { code: 'http_429', delivered: false, retryAfter: 7 }],
  [503, { 'retry-after': '3600' }, { code: 'http_503', delivered: false, retryAfter: 3_600 }],
  [503, { 'retry-after': 'soon' }, { code: 'http_503', delivered: false }],
  [500, { 'retry-after': '7' }, { code: 'http_500', delivered: false }],
])('%d %j', async (status, headers, expected) => {
  answers(status, headers)
  expect(await send()).toEqual({ ...expected, status })
  // No redirect is followed, nothing is repeated here.
  expect(app.seen).toHaveLength(1)
})

test('who says 200 and then too much, or breaks off, has it all the same; who fails so has not', async () => {
  answers(200, {}, Buffer.alloc(100_000, 'x'))
  expect(await send()).toEqual({ code: 'delivered', delivered: true, status: 200 })
  answers(500, {}, Buffer.alloc(100_000, 'x'))
  expect(await send()).toEqual({ code: 'broken_answer', delivered: false, status: 500 })
  app.answer = (request) => request.socket.destroy()
  expect(await send()).toEqual({ code: 'broken_answer', delivered: false })
})

test('an address that is refused, one that nobody answers at, one that is given up', async () => {
  const none = new AbortController()
  for (const url of ['https://169.254.169.254/', 'https://10.0.0.1/', 'https://[::1]/', 'http://127.0.0.2/'])
    expect(await channel.send(address(url), parcel, none.signal)).toEqual({
      ...{ code: 'refused_address', delivered: false },
    })
  const gone = await PlayedProvider.start()
  const { url } = gone
  await gone.stop()
  expect(await channel.send(address(url), parcel, none.signal)).toEqual({
    ...{ code: 'unreachable', delivered: false },
  })
  app.answer = () => none.abort()
  expect(await send('/hook', none.signal)).toEqual({ code: 'cancelled', delivered: false })
})

test('what an address may be', () => {
  const https = (text: string): string => httpRules.url(text, []).href
  expect(https('https://app.example/hooks?tenant=1#part')).toBe('https://app.example/hooks?tenant=1')
  for (const text of [
    ...['http://app.example/', 'http://127.0.0.1/', 'https://127.0.0.1/', 'https://169.254.169.254/latest'],
    ...['https://user:password@app.example/', 'https://@app.example/', 'https://app.example:22/', 'ftp://x/'],
    ...[
      'https://[::ffff:10.0.0.1]/',
      'https://0x7f.1/',
      '',
      'app.example',
      'https://app.example\\@evil.example/',
    ],
  ])
    expect(() => https(text)).toThrow('refused_address')
})
