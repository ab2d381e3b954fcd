import { jetstream, type JetStreamClient } from '@nats-io/jetstream'
import {
  type ConnectionOptions,
  credsAuthenticator,
  headers,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node'
import { isIP } from 'node:net'
import { BrokerChannel } from '../broker/broker-channel.ts'
import type { BrokerFailure } from '../broker/broker-failure.ts'
import { certificates } from '../broker/certificates.ts'
import type { Leash } from '../broker/leash.ts'
import type { Link } from '../broker/links.ts'
import { CLOUD_EVENT, routed } from '../broker/routing.ts'
import type { Address, Parcel } from '../channel/channel.ts'
import { natsMeaning } from './nats-meaning.ts'
import { bytesOf, type NatsConfig, type NatsCredentials, natsRules } from './nats-rules.ts'
import { guardedConnection } from './nats-transport.ts'

/** Into a stream of NATS JetStream. Delivered is what its acknowledgement says; the event's id keeps a second one out. */
export class NatsChannel extends BrokerChannel {
  protected override async open({ url, config, credentials }: Address, leash: Leash): Promise<Link> {
    const { secure, endpoints } = natsRules.url(url, this.settings.allowed)
    const [{ host, port } = { host: '', port: 0 }] = endpoints
    const wishes = natsRules.config.parse(config)
    const secrets = natsRules.credentials.parse(credentials)
    const connection = await guardedConnection(
      {
        servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
        name: 'wasl',
        timeout: 5_000,
        pingInterval: 30_000,
        tls: secure ? { ...named(host), ...certificates({ ...wishes, ...secrets }) } : null,
        ...proof(secrets),
      },
      { rules: this.rules(secure), leash },
    )
    return new NatsLink(connection, wishes)
  }

  protected override meaningOf(error: unknown): BrokerFailure | undefined {
    return natsMeaning(error)
  }
}

class NatsLink implements Link {
  readonly #stream: JetStreamClient

  constructor(
    private readonly connection: NatsConnection,
    private readonly config: NatsConfig,
  ) {
    this.#stream = jetstream(connection)
  }

  get isOpen(): boolean {
    return !this.connection.isClosed()
  }

  async publish({ event, body, signature }: Parcel): Promise<void> {
    const { subject, stream } = this.config
    const sent = headers()
    for (const [name, value] of Object.entries({ 'content-type': CLOUD_EVENT, ...signature })) {
      sent.set(name, value)
    }
    await this.#stream.publish(routed(subject, event), body, {
      msgID: event.id,
      headers: sent,
      timeout: 15_000,
      ...(stream !== undefined && { expect: { streamName: stream } }),
    })
  }

  close(): Promise<void> {
    return this.connection.close()
  }
}

/** Whose certificate it must be. A name goes into the handshake, an address must not. */
function named(host: string): object {
  return isIP(host) === 0 ? { servername: host } : { servername: '', host }
}

function proof({ username, password, token, creds, nkey_seed: seed }: NatsCredentials): ConnectionOptions {
  if (creds !== undefined) return { authenticator: credsAuthenticator(bytesOf(creds)) }
  if (seed !== undefined) return { authenticator: nkeyAuthenticator(bytesOf(seed)) }
  if (token !== undefined) return { token }
  return username === undefined ? {} : { user: username, pass: password ?? '' }
}
