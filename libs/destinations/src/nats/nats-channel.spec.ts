import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, nkeys } from '@nats-io/transport-node'
import {
  type BrokerServer,
  describeWith,
  PASSWORD,
  startNats,
  TEST_AUTHORITY,
  TLS_NAME,
} from '../../../../test/support/broker-servers.ts'
import { askChannel, askLink } from '../broker/testing/ask-channel.ts'
import { address, LOCAL, NEVER, parcel } from '../broker/testing/parcel.ts'
import { Listener } from '../broker/testing/relay.ts'
import type { Address, Outcome, Parcel } from '../channel/channel.ts'
import { NatsChannel } from './nats-channel.ts'

describeWith('nats-server')('a NATS server', () => {
  let server: BrokerServer & { seed: string }
  let customer: NatsConnection
  let streams: JetStreamManager
  const channel = new NatsChannel(LOCAL)

  beforeAll(async () => {
    server = await startNats()
    customer = await connect({ servers: `127.0.0.1:${server.port}`, user: 'wasl', pass: PASSWORD })
    streams = await jetstreamManager(customer)
    await streams.streams.add({ name: 'EVENTS', subjects: ['events.>'] })
    await streams.streams.add({ name: 'SMALL', subjects: ['small'], max_msg_size: 100 })
    await streams.streams.add({ name: 'FULL', subjects: ['full'], max_msgs: 1, discard: 'new' })
  })
  afterAll(async () => {
    await channel.close()
    await customer?.close()
    await server?.stop()
  })

  const to = (subject: string, rest: Partial<Address> = {}): Address =>
    address(`nats://127.0.0.1:${server.port}`, {
      config: { subject },
      credentials: { username: 'wasl', password: PASSWORD },
      ...rest,
    })
  const send = (target: Address, sent: Parcel = parcel()): Promise<Outcome> =>
    channel.send(target, sent, NEVER)

  test('has the very bytes, signed, once however often they are sent', async () => {
    const sent = parcel()
    const target = to('events.{type}')
    expect(await send(target, sent)).toEqual({ code: 'delivered', delivered: true })
    expect(await send(target, sent)).toEqual({ code: 'delivered', delivered: true })
    const { state } = await streams.streams.info('EVENTS')
    expect(state.messages).toBe(1)
    const kept = await streams.streams.getMessage('EVENTS', { last_by_subj: 'events.payment.captured' })
    expect(kept?.string()).toBe(sent.body)
    const headers = Object.fromEntries([...(kept?.header ?? [])].map(([name, [value]]) => [name, value]))
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      'Nats-Msg-Id': sent.event.id,
      ...sent.signature,
    })
  })

  test('over TLS, by its own name and an authority that is given', async () => {
    const config = { subject: 'unheard', ca_certificate: TEST_AUTHORITY }
    const credentials = { username: 'wasl', password: PASSWORD }
    const secure = (host: string, rest = {}): Address =>
      address(`tls://${host}:${server.tlsPort}`, { config: { ...config, ...rest }, credentials })
    // It was let in, and has no such stream.
    expect(await send(secure(TLS_NAME))).toMatchObject({ code: 'not_found' })
    expect(await send(secure('127.0.0.1'))).toEqual({ code: 'unreachable', delivered: false })
    expect(await send(secure(TLS_NAME, { ca_certificate: undefined }))).toMatchObject({ code: 'unreachable' })
    // A server that offers none is not spoken to without.
    const plain = address(`tls://${TLS_NAME}:${server.port}`, { config, credentials })
    expect(await send(plain)).toMatchObject({ code: 'unreachable' })
  })

  test.each([
    ['nobody takes the subject', 'unheard', {}, { code: 'not_found' }],
    [
      'it is another stream',
      'events.a',
      { config: { subject: 'events.a', stream: 'OTHER' } },
      { code: 'not_found' },
    ],
    [
      'the password is wrong',
      'events.a',
      { credentials: { username: 'wasl', password: 'wrong' } },
      { code: 'unauthorized' },
    ],
    [
      'the user may not',
      'events.a',
      { credentials: { username: 'guest', password: PASSWORD } },
      { code: 'unauthorized' },
    ],
    ['the stream takes less', 'small', {}, { code: 'rejected', permanent: true }],
  ])('%s', async (_, subject, rest, expected) => {
    expect(await send(to(subject, rest))).toMatchObject({ ...expected, delivered: false })
  })

  test('a user who is known by a key', async () => {
    expect(await send(to('events.key', { credentials: { nkey_seed: server.seed } }))).toMatchObject({
      delivered: true,
    })
    const stranger = new TextDecoder().decode(nkeys.createUser().getSeed())
    expect(await send(to('events.key', { credentials: { nkey_seed: stranger } }))).toMatchObject({
      ...{ code: 'unauthorized', delivered: false },
    })
  })

  test('a stream that is full, a message that the server does not take at all', async () => {
    const full = to('full')
    await send(full)
    expect(await send(full)).toEqual({
      ...{ code: 'broker_error', delivered: false, excerpt: 'maximum messages exceeded' },
    })
    expect(await send(full, parcel({ body: 'x'.repeat(70_000) }))).toMatchObject({
      ...{ code: 'rejected', permanent: true },
    })
  })

  askLink({
    make: (settings) => new NatsChannel(settings),
    port: () => server.port,
    by: (port) => ({ ...to('events.a'), url: `nats://127.0.0.1:${port}` }),
  })
})

describe('with no server', () => {
  const config = { subject: 'events.{type}' }
  test.each([
    'INFO {"version":"2.10.0"}\r\nNONSENSE\r\n',
    'INFO {"version":"2.10.0"}\r\nINFO {\r\n',
    'INFO {\r\n',
  ])('who says %j is not listened to any longer, and not printed', async (words) => {
    const printed = jest.spyOn(console, 'log')
    const server = await new Listener((socket) => socket.write(words)).listen()
    const channel = new NatsChannel(LOCAL)
    const target = address(`nats://127.0.0.1:${server.port}`, { config })
    expect(['unreachable', 'broker_error']).toContain((await channel.send(target, parcel(), NEVER)).code)
    expect(printed).not.toHaveBeenCalled()
    await channel.close()
    await server.close()
  })

  test('another server that it names is not gone to', async () => {
    const other = await new Listener(() => undefined).listen()
    const words = `INFO {"version":"2.10.0","headers":true,"max_payload":1048576,"connect_urls":["127.0.0.1:${other.port}"]}\r\nPONG\r\n`
    const server = await new Listener((socket) => {
      socket.write(words)
      socket.once('data', () => socket.once('data', () => socket.destroy()))
    }).listen()
    const channel = new NatsChannel({ ...LOCAL, limitMs: 500 })
    const target = address(`nats://127.0.0.1:${server.port}`, { config })
    for (let times = 0; times < 3; times++) {
      expect(await channel.send(target, parcel(), NEVER)).toMatchObject({ delivered: false })
    }
    expect([server.accepted, other.accepted]).toEqual([3, 0])
    await channel.close()
    await Promise.all([server.close(), other.close()])
  })

  askChannel({
    make: (settings) => new NatsChannel(settings),
    secure: (authority) => address(`tls://${authority}`, { config }),
    plain: (authority) => address(`nats://${authority}`, { config }),
  })
})
