import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import amqplib, { type Channel, type ChannelModel } from 'amqplib'
import {
  type BrokerServer,
  describeWith,
  PASSWORD,
  startRabbitMq,
  TEST_AUTHORITY,
  TLS_NAME,
} from '../../../../test/support/broker-servers.ts'
import { askChannel, askLink } from '../broker/testing/ask-channel.ts'
import { address, LOCAL, NEVER, parcel } from '../broker/testing/parcel.ts'
import type { Address, Outcome, Parcel } from '../channel/channel.ts'
import { RabbitMqChannel } from './rabbitmq-channel.ts'

describeWith('rabbitmq-server')('a RabbitMQ server', () => {
  let server: BrokerServer
  let model: ChannelModel
  let customer: Channel
  const channel = new RabbitMqChannel(LOCAL)

  beforeAll(async () => {
    server = await startRabbitMq()
    model = await amqplib.connect(`amqp://wasl:${PASSWORD}@127.0.0.1:${server.port}`)
    customer = await model.createChannel()
    await customer.assertExchange('events', 'topic')
    await customer.assertQueue('payments')
    await customer.bindQueue('payments', 'events', 'payment.*')
    await customer.assertQueue('full', { maxLength: 1, overflow: 'reject-publish' })
  }, 60_000)
  afterAll(async () => {
    await channel.close()
    await model?.close()
    await server?.stop()
  })

  const to = (config: Record<string, unknown>, rest: Partial<Address> = {}): Address =>
    address(`amqp://127.0.0.1:${server.port}`, {
      config,
      credentials: { username: 'wasl', password: PASSWORD },
      ...rest,
    })
  const events = { exchange: 'events', routing_key: '{type}' }
  const send = (target: Address, sent: Parcel = parcel()): Promise<Outcome> =>
    channel.send(target, sent, NEVER)

  test('has the very bytes, signed, and keeps them', async () => {
    const sent = parcel()
    expect(await send(to(events), sent)).toEqual({ code: 'delivered', delivered: true })
    const got = await customer.get('payments', { noAck: true })
    if (!got) throw new Error('nothing came')
    expect(got.content.toString()).toBe(sent.body)
    expect(got.fields.routingKey).toBe('payment.captured')
    expect(got.properties).toMatchObject({
      ...{ messageId: sent.event.id, type: 'payment.captured', deliveryMode: 2 },
      ...{ contentType: 'application/cloudevents+json', headers: sent.signature },
    })
  })

  test('a queue by its name, by way of the default exchange', async () => {
    expect(await send(to({ routing_key: 'payments' }))).toMatchObject({ delivered: true })
    expect(await customer.get('payments', { noAck: true })).toBeTruthy()
  })

  test('over TLS, by its own name and an authority that is given', async () => {
    const config = { ...events, ca_certificate: TEST_AUTHORITY }
    const secure = (host: string, rest = {}): Address =>
      to({ ...config, ...rest }, { url: `amqps://${host}:${server.tlsPort}` })
    expect(await send(secure(TLS_NAME))).toMatchObject({ delivered: true })
    expect(await send(secure('127.0.0.1'))).toEqual({ code: 'unreachable', delivered: false })
    expect(await send(secure(TLS_NAME, { ca_certificate: undefined }))).toMatchObject({ code: 'unreachable' })
  })

  test.each<[string, Record<string, unknown>, Partial<Address>, object]>([
    [
      'no queue is bound there',
      { exchange: 'events', routing_key: 'refund.*' },
      {},
      { code: 'not_found', excerpt: 'NO_ROUTE' },
    ],
    ['there is no such exchange', { exchange: 'nowhere', routing_key: 'a' }, {}, { code: 'not_found' }],
    ['there is no such virtual host', events, { url: 'vhost' }, { code: 'not_found' }],
    [
      'the password is wrong',
      events,
      { credentials: { username: 'wasl', password: 'wrong-one' } },
      { code: 'unauthorized' },
    ],
    [
      'the user may not',
      events,
      { credentials: { username: 'guest', password: PASSWORD } },
      { code: 'unauthorized' },
    ],
  ])('%s', async (_, config, { url, ...rest }, expected) => {
    const target = to(config, rest)
    const outcome = await send(url ? { ...target, url: `${target.url}/nowhere` } : target)
    expect(outcome).toMatchObject({ ...expected, delivered: false })
  })

  test('a queue that is full; and what one message met is not told of another', async () => {
    const full = to({ routing_key: 'full' })
    expect(await send(full)).toMatchObject({ delivered: true })
    expect(await send(full)).toEqual({ code: 'rejected', delivered: false })
    const one = to({ exchange: 'events', routing_key: '{type}' })
    const outcomes = await Promise.all([send(one), send(one), send(one)])
    expect(outcomes.map(({ code }) => code)).toEqual(['delivered', 'delivered', 'delivered'])
  })

  askLink({
    make: (settings) => new RabbitMqChannel(settings),
    port: () => server.port,
    by: (port) => to(events, { url: `amqp://127.0.0.1:${port}` }),
  })
})

describe('with no server', () => {
  const config = { routing_key: '{type}' }
  askChannel({
    make: (settings) => new RabbitMqChannel(settings),
    secure: (authority) => address(`amqps://${authority}`, { config }),
    plain: (authority) => address(`amqp://${authority}`, { config }),
  })
})
