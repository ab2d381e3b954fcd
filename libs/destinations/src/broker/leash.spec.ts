import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as secure, createSecureContext, TLSSocket } from 'node:tls'
import {
  TEST_AUTHORITY,
  TEST_CERTIFICATE,
  TEST_KEY,
  TLS_NAME,
} from '../../../../test/support/broker-servers.ts'
import { Leash } from './leash.ts'
import { Listener } from './testing/relay.ts'

const made: Listener[] = []
afterEach(async () => {
  for (const one of made.splice(0)) await one.close()
})
async function server(onSocket: (socket: Socket) => void): Promise<Listener> {
  const one = await new Listener(onSocket).listen()
  made.push(one)
  return one
}
const KIBIBYTE = Buffer.alloc(1024, 'x')
const pieces = (socket: Socket, count: number): void => {
  for (let piece = 0; piece < count; piece++) socket.write(KIBIBYTE)
}

test('one that is talked to may answer; one that talks on loses its socket', async () => {
  const { port } = await server((socket) => {
    socket.on('data', (bytes) => {
      pieces(socket, Number(bytes))
    })
  })
  const leash = new Leash()
  const socket = leash.hold(connect(port, '127.0.0.1'))
  let heard = 0
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.length
    if (heard % (900 * 1024) === 0) socket.emit('answered')
  })
  for (const _ of [1, 2]) {
    leash.lengthen()
    const answered = once(socket, 'answered')
    socket.write('900')
    await answered
  }
  expect(socket.destroyed).toBe(false)
  const closed = once(socket, 'close').catch(() => undefined)
  socket.write('200')
  await closed
  expect(socket.destroyed).toBe(true)
})

test('TLS is counted as well', async () => {
  const { port } = await server((socket) => {
    const spoken = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ cert: TEST_CERTIFICATE, key: TEST_KEY }),
    })
    spoken.on('error', () => undefined)
    pieces(spoken, 2_000)
  })
  const leash = new Leash()
  const raw = leash.hold(connect(port, '127.0.0.1'))
  const spoken = leash.hold(secure({ socket: raw, servername: TLS_NAME, ca: TEST_AUTHORITY }))
  let heard = 0
  spoken.on('data', (bytes: Buffer) => {
    heard += bytes.length
  })
  await once(spoken, 'close').catch(() => undefined)
  expect(heard).toBeGreaterThan(0)
  expect(heard).toBeLessThan(1_100 * 1024)
})

test('who throws while it listens loses the socket, and nobody else hears of it', async () => {
  const { port } = await server((socket) => socket.write('hello'))
  const socket = new Leash().hold(connect(port, '127.0.0.1'))
  socket.on('data', () => {
    throw new Error('it stumbles')
  })
  await once(socket, 'close').catch(() => undefined)
  expect(socket.destroyed).toBe(true)
})

test('all end with it, also one that comes late', async () => {
  const listener = await server(() => undefined)
  const leash = new Leash()
  const socket = leash.hold(connect(listener.port, '127.0.0.1'))
  await once(socket, 'connect')
  leash.cut()
  const late = leash.hold(connect(listener.port, '127.0.0.1'))
  expect([socket.destroyed, late.destroyed, leash.signal.aborted]).toEqual([true, true, true])
})
