import { describe, expect, test } from '@jest/globals'
import type { LookupAddress } from 'node:dns'
import type { Authentication } from './auth/authentication.ts'
import type { LocalServer } from './testing/local-server.ts'
import { egress, failing, serving, toLoopback } from './testing/scene.ts'

const auth: Authentication = { proof: () => Promise.resolve({ headers: { 'x-proof': 'hunter2' } }) }
const HOST = 'api.provider.test'

/** A provider that sends from /1 to /2 and on, and stays where `to` does not say. */
async function chain(to: (path: string, port: number) => string | undefined): Promise<LocalServer> {
  const server = await serving((request, response) => {
    const location = to(request.url ?? '', server.port)
    if (location === undefined) response.end('arrived')
    else response.writeHead(302, { location }).end()
  }, true)
  return server
}
const next = (path: string): string => `/${Number(path.slice(1)) + 1}`

describe('redirects, where a caller asks for them', () => {
  const asked = { method: 'GET', headers: { 'x-own': 'hunter2', accept: 'a/b' }, auth }

  test('are followed at the same origin, with who we are', async () => {
    const server = await chain((path) => (path === '/4' ? undefined : next(path)))
    const reply = await egress().send({ ...asked, url: `https://${HOST}:${server.port}/1` }, { redirects: 3 })
    expect(reply.body.toString()).toBe('arrived')
    expect(server.requests.map(({ headers }) => headers['x-proof'])).toEqual(Array(4).fill('hunter2'))
  })

  test.each([1, 3, 99])('no more than %i, and never more than three', async (redirects) => {
    const server = await chain(next)
    const sent = egress().send({ ...asked, url: `https://${HOST}:${server.port}/1` }, { redirects })
    expect(await failing(sent)).toMatchObject({ code: 'provider_error', reason: 'redirect', effect: 'none' })
    expect(server.requests).toHaveLength(Math.min(redirects, 3) + 1)
  })

  test('to another origin go without anything that could prove who we are', async () => {
    const other = await serving((_, response) => response.end('arrived'), true)
    const server = await chain(() => `https://${HOST}:${other.port}/there`)
    await egress().send({ ...asked, url: `https://${HOST}:${server.port}/1` }, { redirects: 1 })
    expect(other.requests).toMatchObject([{ url: '/there', headers: { accept: 'a/b' } }])
    expect(JSON.stringify(other.requests)).not.toContain('hunter2')
  })

  test.each([
    (port: number) => `http://${HOST}:${port}/`,
    (port: number) => `http://127.0.0.1:${port}/`,
    () => 'ftp://x/',
    () => 'file:///etc/passwd',
    () => 'https://[',
    () => '',
  ])('go neither to plain http nor anywhere that is none: %s', async (location) => {
    const plain = await serving((_, response) => response.end('reached'))
    const server = await chain(() => location(plain.port))
    const sent = egress().send({ ...asked, url: `https://${HOST}:${server.port}/1` }, { redirects: 3 })
    expect(await failing(sent)).toMatchObject({ code: 'provider_error', reason: 'redirect' })
    expect([plain.connections, server.requests.length]).toEqual([0, 1])
  })

  test.each([
    'https://169.254.169.254/latest/meta-data/',
    'https://[::ffff:169.254.169.254]/',
    'https://user@api.provider.test/',
    'https://2852039166/',
    'https://inside.test/',
    'https://8.8.8.8:22/',
  ])('are judged like every other address: %s', async (location) => {
    const server = await chain(() => location)
    const resolve = async (name: string): Promise<readonly LookupAddress[]> =>
      name === HOST ? toLoopback() : [{ address: '10.0.0.1', family: 4 }]
    const sent = egress({ resolve }).send(
      { ...asked, url: `https://${HOST}:${server.port}/1` },
      { redirects: 3 },
    )
    expect(await failing(sent)).toMatchObject({ code: 'refused_address', effect: 'none' })
    expect(server.requests).toHaveLength(1)
  })

  test('of a write are answers: what was sent is not sent elsewhere', async () => {
    const server = await chain(next)
    const reply = await egress().send(
      { ...asked, method: 'POST', body: 'x', url: `https://${HOST}:${server.port}/1` },
      { redirects: 3 },
    )
    expect([reply.status, server.requests.length]).toEqual([302, 1])
  })
})
