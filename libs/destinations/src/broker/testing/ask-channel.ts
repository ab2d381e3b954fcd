import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { eventually } from '../../../../../test/support/child.ts'
import type { Address } from '../../channel/channel.ts'
import type { BrokerChannel, BrokerSettings } from '../broker-channel.ts'
import { LOCAL, NEVER, parcel } from './parcel.ts'
import { Listener, Relay } from './relay.ts'

interface Asked {
  make(settings: BrokerSettings): BrokerChannel
  /** With TLS, and without. */
  secure(authority: string): Address
  plain(authority: string): Address
}

const PUBLIC = { address: '8.8.8.8', family: 4 }

/** Where it must not go, and what it must survive: the same for every broker, with none at hand. */
export function askChannel({ make, secure, plain }: Asked): void {
  const made: (BrokerChannel | Listener)[] = []
  const channelWith = (settings: Partial<BrokerSettings> = {}): BrokerChannel => {
    const channel = make({ ...LOCAL, limitMs: 1_000, ...settings })
    made.push(channel)
    return channel
  }
  afterEach(async () => {
    for (const one of made.splice(0)) await one.close()
  })

  const closed = (answers: { address: string; family: number }[]): BrokerSettings => ({
    allowed: [],
    resolve: async () => answers,
  })
  describe('no socket is opened', () => {
    test.each(['169.254.169.254', '127.0.0.1', '10.0.0.1', '[::1]', '[::ffff:169.254.169.254]'])(
      'to %s, which nobody allowed',
      async (host) => {
        const outcome = { code: 'refused_address', delivered: false }
        expect(await channelWith(closed([])).send(secure(host), parcel(), NEVER)).toEqual(outcome)
        expect(await channelWith(closed([])).send(plain(host), parcel(), NEVER)).toEqual(outcome)
      },
    )

    test('to a name of which one answer is not allowed', async () => {
      const channel = channelWith(closed([PUBLIC, { address: '10.0.0.1', family: 4 }]))
      expect(await channel.send(secure('broker.example'), parcel(), NEVER)).toEqual({
        ...{ code: 'refused_address', delivered: false },
      })
    })

    test('without TLS to where no range allows it, by name or as an address', async () => {
      const channel = channelWith({ resolve: async () => [PUBLIC] })
      for (const host of ['broker.example', '8.8.8.8']) {
        expect(await channel.send(plain(host), parcel(), NEVER)).toEqual({
          ...{ code: 'refused_address', delivered: false },
        })
      }
    })

    test('for who has given up already', async () => {
      const server = await listening(() => undefined)
      expect(
        await channelWith().send(plain(`127.0.0.1:${server.port}`), parcel(), AbortSignal.abort()),
      ).toEqual({ code: 'cancelled', delivered: false })
      expect(server.accepted).toBe(0)
    })
  })

  const listening = async (onSocket: (socket: Socket) => void): Promise<Listener> => {
    const server = await new Listener(onSocket).listen()
    made.push(server)
    return server
  }
  describe('a stranger at the other end', () => {
    const garbage = randomBytes(64 * 1024)
    const line = Buffer.alloc(64 * 1024, 'x')
    const pour = (socket: Socket): void => {
      const more = (): void => {
        if (socket.destroyed) return
        if (socket.write(line)) setImmediate(more)
        else socket.once('drain', more)
      }
      more()
    }
    test.each<[string, (socket: Socket) => unknown]>([
      ['says nothing', () => undefined],
      ['hangs up', (socket) => socket.destroy()],
      ['says what nobody understands', (socket) => socket.write(garbage)],
      ['speaks HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')],
      ['never stops', pour],
    ])('who %s costs a try, and leaves nothing behind', async (_, onSocket) => {
      const server = await listening(onSocket)
      const channel = channelWith()
      const { code, delivered, excerpt } = await channel.send(
        plain(`127.0.0.1:${server.port}`),
        parcel(),
        NEVER,
      )
      expect(delivered).toBe(false)
      expect(['timeout', 'unreachable', 'broker_error']).toContain(code)
      expect(excerpt ?? '').not.toContain('127.0.0.1')
      const left = await eventually(
        async () => [server.open.size, channel.openLinks],
        ([sockets = 0, links = 0]) => sockets + links === 0,
        5_000,
      )
      expect(left.answer).toEqual([0, 0])
    })

    test('and nobody at all', async () => {
      const server = await listening(() => undefined)
      const { port } = server
      await server.close()
      made.splice(made.indexOf(server), 1)
      expect(await channelWith().send(plain(`127.0.0.1:${port}`), parcel(), NEVER)).toEqual({
        ...{ code: 'unreachable', delivered: false },
      })
    })
  })
}

interface AskedLink {
  make(settings: BrokerSettings): BrokerChannel
  /** The port of a real server, and what delivers there by another port. */
  port(): number
  by(port: number): Address
}

/** What is kept open, asked with a real server behind a relay. */
export function askLink(asked: AskedLink): void {
  describe('what is kept open', () => {
    askAboutLinks(asked)
  })
}

function askAboutLinks({ make, port, by }: AskedLink): void {
  let relay: Relay
  let channel: BrokerChannel
  const delivered = { code: 'delivered', delivered: true }
  const send = (target: Address, signal = NEVER) => channel.send(target, parcel(), signal)
  const sockets = async (count: number): Promise<void> => {
    const { answer } = await eventually(
      async () => relay.open.size,
      (size) => size === count,
      5_000,
    )
    expect(answer).toBe(count)
  }

  beforeAll(async () => {
    relay = await new Relay(port).listen()
  })
  afterEach(async () => {
    await channel.close()
    await sockets(0)
    relay.hangs = false
    relay.accepted = 0
  })
  afterAll(() => relay?.close())

  test('one connection carries the messages of a destination, also those that come at once', async () => {
    channel = make(LOCAL)
    const target = by(relay.port)
    expect(await Promise.all([send(target), send(target), send(target)])).toEqual(Array(3).fill(delivered))
    expect(await send(target)).toEqual(delivered)
    expect(relay.accepted).toBe(1)
  })

  test('a destination that has changed gets another one, and the older one ends', async () => {
    channel = make(LOCAL)
    const target = by(relay.port)
    await send(target)
    expect(await send({ ...target, version: 2 })).toEqual(delivered)
    expect(relay.accepted).toBe(2)
    await sockets(1)
  })

  test('one that was lost is opened again by the next message', async () => {
    channel = make(LOCAL)
    const target = by(relay.port)
    await send(target)
    relay.cut()
    await sockets(0)
    const { answer } = await eventually(
      () => send(target),
      (outcome) => outcome.delivered,
      5_000,
    )
    expect(answer).toEqual(delivered)
  })

  test('one that is idle ends, and so does the one that was used least lately', async () => {
    channel = make({ ...LOCAL, idleMs: 300, mostLinks: 1 })
    await send(by(relay.port))
    await send(by(relay.port))
    await sockets(1)
    await sockets(0)
  })

  test('a broker that falls silent costs a try; the next one begins anew', async () => {
    channel = make({ ...LOCAL, limitMs: 500 })
    const target = by(relay.port)
    await send(target)
    relay.hangs = true
    expect(await send(target)).toEqual({ code: 'timeout', delivered: false })
    await sockets(0)
    relay.hangs = false
    expect(await send(target)).toEqual(delivered)
  })

  test('who gives up is heard at once', async () => {
    channel = make(LOCAL)
    const target = by(relay.port)
    await send(target)
    relay.hangs = true
    const giving = new AbortController()
    const outcome = send(target, giving.signal)
    giving.abort()
    expect(await outcome).toEqual({ code: 'cancelled', delivered: false })
  })
}
