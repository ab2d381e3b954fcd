import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import type { LookupAddress } from 'node:dns'
import { guardedConnector } from './connector.ts'
import { RefusedAddress } from './guarded-lookup.ts'
import { type LocalServer, localServer } from './testing/local-server.ts'

let server: LocalServer
beforeAll(async () => {
  server = await localServer((_, response) => response.end())
})
afterAll(() => server.close())

/** What comes of opening a socket, with no URL guard in front: the address it reached, or the error. */
function opened(protocol: string, hostname: string, allowed: string[], answers: LookupAddress[] = []) {
  const connect = guardedConnector({
    allowed: allowed.map((range) => ipaddr.parseCIDR(range)),
    connectMs: 1_000,
    resolve: async () => answers,
  })
  return new Promise<unknown>((resolve) => {
    connect({ protocol, hostname, port: String(server.port) }, (error, socket) => {
      resolve(error ?? socket?.remoteAddress)
      socket?.destroy()
    })
  })
}

describe('the socket is guarded whatever stands before it', () => {
  test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254'])(
    'a literal %s is refused',
    async (host) => {
      expect(await opened('https:', host, [])).toBeInstanceOf(RefusedAddress)
      expect(await opened('http:', host, ['10.0.0.0/8'])).toBeInstanceOf(RefusedAddress)
    },
  )

  test('an allowed literal is reached', async () => {
    expect(await opened('http:', '127.0.0.1', ['127.0.0.0/8'])).toBe('127.0.0.1')
  })

  test('without TLS a public address is refused, by name and as a literal', async () => {
    const answers = [{ address: '8.8.8.8', family: 4 }]
    expect(await opened('http:', 'plain.example', ['127.0.0.0/8'], answers)).toBeInstanceOf(RefusedAddress)
    expect(await opened('http:', '8.8.8.8', ['127.0.0.0/8'])).toBeInstanceOf(RefusedAddress)
  })

  test('a name without an answer is refused', async () => {
    expect(await opened('https:', 'none.example', [])).toBeInstanceOf(RefusedAddress)
  })
})
