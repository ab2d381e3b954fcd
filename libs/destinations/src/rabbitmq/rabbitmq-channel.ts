import { type AddressRules, guardedAddresses, guardedLookup } from '@app/egress'
import amqplib, { type ChannelModel } from 'amqplib'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect, type Socket } from 'node:net'
import { BrokerChannel } from '../broker/broker-channel.ts'
import type { BrokerFailure } from '../broker/broker-failure.ts'
import { certificates } from '../broker/certificates.ts'
import type { Leash } from '../broker/leash.ts'
import type { Link } from '../broker/links.ts'
import type { Address } from '../channel/channel.ts'
import { RabbitMqLink } from './rabbitmq-link.ts'
import { rabbitMqMeaning } from './rabbitmq-meaning.ts'
import { type RabbitMqCredentials, rabbitMqRules } from './rabbitmq-rules.ts'

/** To an exchange of RabbitMQ, and from there into a queue at least: delivered is what the broker has confirmed. */
export class RabbitMqChannel extends BrokerChannel {
  protected override async open({ url, config, credentials }: Address, leash: Leash): Promise<Link> {
    const { secure, endpoints, path } = rabbitMqRules.url(url, this.settings.allowed)
    const [{ host, port } = { host: '', port: 0 }] = endpoints
    const wishes = rabbitMqRules.config.parse(config)
    const secrets = rabbitMqRules.credentials.parse(credentials)
    const rules = this.rules(secure)
    await guardedAddresses(host, rules)
    const model = await held(leash, () =>
      amqplib.connect(
        {
          protocol: secure ? 'amqps' : 'amqp',
          ...{ hostname: host, port, heartbeat: 30, maxFrameSize: 128 * 1024 },
          vhost: path.length > 1 ? path.slice(1) : '/',
        },
        {
          ...{ lookup: guardedLookup(rules), timeout: 10_000, noDelay: true },
          clientProperties: { connection_name: 'wasl' },
          credentials: proof(secrets),
          ...(secure && { socket: plainSocket(host, port, rules) }),
          ...certificates({ ...wishes, ...secrets }),
        } as amqplib.SocketOptions,
      ),
    )
    // What it met is told by the message that it was opened for, or by the next one.
    model.on('error', () => undefined)
    leash.hold(socketOf(model))
    return new RabbitMqLink(model, await model.createConfirmChannel(), wishes)
  }

  protected override meaningOf(error: unknown): BrokerFailure | undefined {
    return rabbitMqMeaning(error)
  }
}

function proof({ username, password, client_certificate }: RabbitMqCredentials) {
  if (username !== undefined) return amqplib.credentials.plain(username, password ?? '')
  return client_certificate === undefined
    ? amqplib.credentials.plain('guest', 'guest')
    : amqplib.credentials.external()
}

/** The client opens its socket in the same breath, and hands it out when it has been let in: too late to be held. */
function held<T>(leash: Leash, open: () => T): T {
  const hold = (message: unknown): void => {
    leash.hold((message as { socket: Socket }).socket)
  }
  subscribe('net.client.socket', hold)
  try {
    return open()
  } finally {
    unsubscribe('net.client.socket', hold)
  }
}

/** What TLS is spoken over. A socket of TLS's own would not be told of. */
function plainSocket(host: string, port: number, rules: AddressRules): Socket {
  return connect({ host, port, lookup: guardedLookup(rules), noDelay: true })
}

function socketOf({ connection }: ChannelModel): Socket {
  return (connection as typeof connection & { stream: Socket }).stream
}
