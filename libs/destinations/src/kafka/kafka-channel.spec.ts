import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { describeWith, readPlayedKafka, startPlayedKafka } from '../../../../test/support/broker-servers.ts'
import { askChannel } from '../broker/testing/ask-channel.ts'
import { address, LOCAL, NEVER, parcel } from '../broker/testing/parcel.ts'
import type { Address, Outcome } from '../channel/channel.ts'
import { KafkaChannel } from './kafka-channel.ts'
import { type Played, PlayedBroker } from './testing/played-broker.ts'

const plainly = (authority: string, config: Record<string, unknown> = { topic: 'events' }): Address =>
  address(`kafka://${authority}`, { config: { tls: false, ...config } })

describeWith('kcat')("the brokers that librdkafka plays (they are not Apache's)", () => {
  let played: { brokers: string[]; stop(): Promise<void> }
  const channel = new KafkaChannel(LOCAL)
  beforeAll(async () => {
    played = await startPlayedKafka()
  })
  afterAll(async () => {
    await channel.close()
    await played?.stop()
  })

  test('have the very bytes, signed, in the partition of their key and in order', async () => {
    const target = plainly(played.brokers.join(','), { topic: 'events.{type}' })
    const sent = [parcel(), parcel(), parcel({ orderKey: 'order-9' }), parcel()]
    for (const one of sent) {
      expect(await channel.send(target, one, NEVER)).toEqual({ code: 'delivered', delivered: true })
    }
    const got = readPlayedKafka(played.brokers[0] ?? '', 'events.payment.captured')
    expect(got).toHaveLength(4)
    const one = got.find(({ key }) => key === 'order-9')
    expect(one).toMatchObject({ payload: sent[2]?.body })
    const headers = [
      'content-type',
      'application/cloudevents+json',
      ...Object.entries(sent[2]?.signature ?? {}).flat(),
    ]
    expect(one?.headers).toEqual(headers)
    const rest = got.filter(({ key }) => key === 'payment-7')
    expect(new Set(rest.map(({ partition }) => partition)).size).toBe(1)
    expect(rest.map(({ payload }) => payload)).toEqual([0, 1, 3].map((at) => sent[at]?.body))
  })

  test('have those that come at once, each of them once', async () => {
    const target = plainly(played.brokers[0] ?? '', { topic: 'many' })
    const sent = Array.from({ length: 50 }, () => parcel())
    const outcomes = await Promise.all(sent.map((one) => channel.send(target, one, NEVER)))
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(['delivered']))
    const got = readPlayedKafka(played.brokers[0] ?? '', 'many').map(({ payload }) => payload)
    expect(got.sort()).toEqual(sent.map(({ body }) => body).sort())
    expect(channel.openLinks).toBe(2)
  })
})

describe('a broker of our own', () => {
  const ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  const HERE: Played = {
    brokers: (port) => [{ host: '127.0.0.1', port }],
    topics: [{ name: 'events', partitions: [0] }],
  }
  const sent = async (played: Partial<Played>): Promise<{ outcome: Outcome; broker: PlayedBroker }> => {
    const broker = await new PlayedBroker({ ...HERE, ...played }).listen()
    const channel = new KafkaChannel({ ...LOCAL, limitMs: 4_000 })
    ends.push(
      () => broker.close(),
      () => channel.close(),
    )
    return { outcome: await channel.send(plainly(`127.0.0.1:${broker.port}`), parcel(), NEVER), broker }
  }

  test('is understood', async () => {
    const { outcome, broker } = await sent({})
    expect(outcome).toEqual({ code: 'delivered', delivered: true })
    expect(broker.produced).toBe(1)
  })

  test.each([
    ['an address that nobody allowed', '169.254.169.254', 9092],
    ['an address of this network', '10.0.0.7', 9092],
    ['a public one, without TLS', '8.8.8.8', 9092],
    ['IPv4 in IPv6', '::ffff:127.0.0.1', 9092],
    ['a port of the system', '127.0.0.1', 22],
    ['what is no name', '127.0.0.1/#', 9092],
    ['nothing', '', 9092],
  ])('that names %s as the leader is not followed there', async (_, host, port) => {
    const { outcome, broker } = await sent({ brokers: () => [{ host, port }] })
    expect(outcome).toEqual({ code: 'refused_address', delivered: false })
    expect(broker.produced).toBe(0)
  })

  test.each<[string, Partial<Played>, object]>([
    [
      'does not know the topic',
      { topics: [{ name: 'events', error: 3, partitions: [] }] },
      { code: 'not_found' },
    ],
    [
      'does not let us at it',
      { topics: [{ name: 'events', error: 29, partitions: [] }] },
      { code: 'unauthorized', excerpt: 'TOPIC_AUTHORIZATION_FAILED' },
    ],
    [
      'finds the message too large',
      { produced: 10 },
      { code: 'rejected', permanent: true, excerpt: 'MESSAGE_TOO_LARGE' },
    ],
    ['finds the message wrong', { produced: 87 }, { code: 'rejected', excerpt: 'INVALID_RECORD' }],
    ['refuses the write', { produced: 29 }, { code: 'unauthorized' }],
    ['has no leader', { brokers: () => [] }, { code: 'unreachable' }],
  ])('that %s', async (_, played, expected) => {
    expect((await sent(played)).outcome).toMatchObject({ ...expected, delivered: false })
  })

  // Most of them would end the process, if nobody stood between the client and what it is told.
  test.each<[string, Partial<Played>]>([
    ['leaves the topic out', { topics: [] }],
    ['keeps it for itself', { topics: [{ name: 'events', internal: true, partitions: [0] }] }],
    ['gives it no partition', { topics: [{ name: 'events', partitions: [] }] }],
    ['counts its partitions wrongly', { topics: [{ name: 'events', partitions: [0, 7] }] }],
    ['announces less than nothing', { length: () => -100 }],
    ['announces too little', { length: () => 5 }],
    ['announces more than there is memory', { length: () => 2_147_483_647 }],
  ])('that %s costs a try', async (_, played) => {
    const { outcome } = await sent(played)
    expect(outcome.delivered).toBe(false)
    expect(['broker_error', 'unreachable', 'timeout']).toContain(outcome.code)
  })
})

describe('with no broker', () => {
  askChannel({
    make: (settings) => new KafkaChannel(settings),
    secure: (authority) => address(`kafka://${authority}`, { config: { topic: 'events' } }),
    plain: (authority) => plainly(authority),
  })
})
