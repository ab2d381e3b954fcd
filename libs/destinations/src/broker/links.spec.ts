import { expect, test } from '@jest/globals'
import { Deadline } from '@app/egress'
import { eventually } from '../../../../test/support/child.ts'
import type { Address } from '../channel/channel.ts'
import { BrokerFailure } from './broker-failure.ts'
import { type Link, Links } from './links.ts'
import { address, parcel } from './testing/parcel.ts'

interface Played extends Link {
  isOpen: boolean
  closed: number
  answer(error?: Error): void
}

/** A broker that answers when the test says so. */
class PlayedBroker {
  readonly opened: Played[] = []
  refuses = false

  async open(): Promise<Link> {
    if (this.refuses) throw new BrokerFailure('unreachable')
    const waiting: PromiseWithResolvers<void>[] = []
    const link: Played = {
      isOpen: true,
      closed: 0,
      publish: () => {
        const one = Promise.withResolvers<void>()
        waiting.push(one)
        return one.promise
      },
      close: async () => {
        link.closed++
      },
      answer: (error) => {
        for (const { resolve, reject } of waiting.splice(0)) {
          if (error) reject(error)
          else resolve()
        }
      },
    }
    this.opened.push(link)
    return link
  }

  failureOf(error: unknown): BrokerFailure {
    return error instanceof BrokerFailure ? error : new BrokerFailure('broker_error')
  }
}

function scene(limits = { most: 10, idleMs: 60_000 }) {
  const broker = new PlayedBroker()
  const links = new Links(broker, limits)
  const deadlines: Deadline[] = []
  const send = (target: Address): Promise<string> => {
    const deadline = new Deadline(10_000)
    deadlines.push(deadline)
    return links
      .publish(target, parcel(), deadline)
      .then(
        () => 'delivered',
        (error: BrokerFailure) => error.code,
      )
      .finally(() => {
        deadline.done()
      })
  }
  const opened = async (count: number): Promise<void> => {
    await eventually(
      async () => broker.opened.length,
      (length) => length === count,
      2_000,
    )
    // A turn more, in which the message goes out.
    await new Promise(setImmediate)
  }
  return { broker, links, send, opened }
}

test('those that come at once share one that is being opened', async () => {
  const { broker, send, opened } = scene()
  const target = address('a')
  const sent = [send(target), send(target)]
  await opened(1)
  broker.opened[0]?.answer()
  expect(await Promise.all(sent)).toEqual(['delivered', 'delivered'])
  expect(broker.opened).toHaveLength(1)
})

test('one that is replaced finishes what it has begun', async () => {
  const { broker, links, send, opened } = scene()
  const target = address('a')
  const first = send(target)
  await opened(1)
  const second = send({ ...target, version: 2 })
  await opened(2)
  expect([broker.opened[0]?.closed, links.size]).toEqual([0, 2])
  broker.opened[0]?.answer()
  expect(await first).toBe('delivered')
  expect(broker.opened[0]?.closed).toBe(1)
  broker.opened[1]?.answer()
  expect(await second).toBe('delivered')
  expect(links.size).toBe(1)
})

test("a message's own failure leaves it open, any other ends it", async () => {
  const { broker, links, send, opened } = scene()
  const target = address('a')
  const refused = send(target)
  await opened(1)
  broker.opened[0]?.answer(new BrokerFailure('rejected', { linkIsFine: true }))
  expect(await refused).toBe('rejected')
  expect(links.size).toBe(1)
  const failed = send(target)
  await opened(1)
  broker.opened[0]?.answer(new Error('gone'))
  expect(await failed).toBe('broker_error')
  await new Promise(setImmediate)
  expect([links.size, broker.opened[0]?.closed]).toEqual([0, 1])
})

test('one that could not be opened is tried again by the next message', async () => {
  const { broker, links, send, opened } = scene()
  broker.refuses = true
  const target = address('a')
  expect(await Promise.all([send(target), send(target)])).toEqual(['unreachable', 'unreachable'])
  await new Promise(setImmediate)
  expect(links.size).toBe(0)
  broker.refuses = false
  const sent = send(target)
  await opened(1)
  broker.opened[0]?.answer()
  expect(await sent).toBe('delivered')
})

test('one whose other side has gone is not used again', async () => {
  const { broker, send, opened } = scene()
  const target = address('a')
  for (const count of [1, 2]) {
    const sent = send(target)
    await opened(count)
    broker.opened[count - 1]?.answer()
    await sent
    const link = broker.opened[count - 1]
    if (link) link.isOpen = false
  }
  expect(broker.opened).toHaveLength(2)
})

test('no more than so many, and all end at the end', async () => {
  const { broker, links, send, opened } = scene({ most: 2, idleMs: 60_000 })
  for (const count of [1, 2, 3]) {
    const sent = send(address(String(count)))
    await opened(count)
    broker.opened[count - 1]?.answer()
    await sent
  }
  await new Promise(setImmediate)
  expect([links.size, broker.opened[0]?.closed]).toEqual([2, 1])
  await links.close()
  expect(links.size).toBe(0)
  expect(broker.opened.map(({ closed }) => closed)).toEqual([1, 1, 1])
})
