import { type AddressRules, guardedAddresses, guardedLookup } from '@app/egress'
import {
  type ConnectionOptions,
  type NatsConnection,
  Kind,
  NatsConnectionImpl,
  Parser,
  type ParserEvent,
  setTransportFactory,
} from '@nats-io/transport-node'
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Leash } from '../broker/leash.ts'

/** Who opens the sockets of one connection. The client hands its options on to its transport as they came. */
export interface Guard {
  rules: AddressRules
  leash: Leash
}

/**
 * The client's own transport, but for who opens the socket: it would look the name up by itself, and forget a socket whose
 * server never says a word.
 */
class GuardedTransport extends NodeTransport {
  override async dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    const { rules, leash } = this.#guard
    await guardedAddresses(hostname, rules)
    const socket = leash.hold(connect({ host: hostname, port, lookup: guardedLookup(rules), noDelay: true }))
    await once(socket, 'connect')
    return socket
  }

  override async startTLS(): Promise<TLSSocket> {
    return this.#guard.leash.hold(await super.startTLS())
  }

  override tlsFirst(): Promise<TLSSocket> {
    return Promise.reject(new Error('it would open a socket of its own'))
  }

  /** What the client cannot read it prints, and waits for more of it: here such a connection ends. */
  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    const reader = new Parser({ push: readable })
    for await (const bytes of super.iterate()) {
      try {
        reader.parse(bytes)
      } catch {
        this.socket.destroy()
        return
      }
      yield bytes
    }
  }

  get #guard(): Guard {
    return (this.options as ConnectionOptions & { guard: Guard }).guard
  }
}

function readable(event: ParserEvent): void {
  if (event.kind === Kind.INFO) JSON.parse(new TextDecoder().decode(event.data))
}

/** One connection to one server: it hears of no others, and does not come back by itself. */
export function guardedConnection(options: ConnectionOptions, guard: Guard): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new GuardedTransport() })
  const single = { resolve: false, reconnect: false, ignoreClusterUpdates: true }
  return NatsConnectionImpl.connect({ ...options, ...single, guard } as ConnectionOptions)
}
