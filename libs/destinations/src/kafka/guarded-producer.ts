import { type AddressRules, guardedAddresses, guardedLookup } from '@app/egress'
import {
  type Broker,
  type Callback,
  type ClusterMetadata,
  compatibilityPartitioner,
  type Connection,
  kGetBootstrapConnection,
  kGetConnection,
  kMetadata,
  type MetadataOptions,
  MultipleErrors,
  NetworkError,
  Producer,
  SASLMechanisms,
  stringSerializers,
} from '@platformatic/kafka'
import { isIP } from 'node:net'
import { certificates } from '../broker/certificates.ts'
import { type Endpoint, endpointOf } from '../broker/endpoints.ts'
import type { Leash } from '../broker/leash.ts'
import type { KafkaConfig, KafkaCredentials } from './kafka-rules.ts'

interface Given {
  endpoints: readonly Endpoint[]
  wishes: KafkaConfig
  secrets: KafkaCredentials
  rules: AddressRules
  leash: Leash
}

/** More than any real topic's leaders: each of them is a socket. */
const MOST_CONNECTIONS = 64
const MOST_BROKERS = 1_000

export function guardedProducer(given: Given): GuardedProducer {
  return new GuardedProducer(given)
}

/**
 * The client's producer, but for where it may go. The brokers of a cluster tell it of each other: each address that it is told
 * is judged before a socket is opened to it, and so are those that it was given. The three methods below are the ones by which
 * the client itself lets its producer and its consumer differ; a test asks that each still stands where it stood.
 */
export class GuardedProducer extends Producer<string, string, string, string> {
  readonly #given: Given
  /** Where the brokers that are connected to were found. */
  readonly #targets = new Map<string, Broker>()

  constructor(given: Given) {
    super(optionsOf(given))
    this.#given = given
  }

  override [kGetConnection](broker: Broker | undefined, callback: Callback<Connection>): void {
    // A partition without a leader; the client knows what to say.
    if (broker === undefined) {
      super[kGetConnection](broker as never, callback)
      return
    }
    this.#judged(broker).then(
      (target) => {
        super[kGetConnection](target, callback)
        this.#hold(target)
      },
      (cause: unknown) => {
        callback(refusal('the broker cannot be gone to', cause))
      },
    )
  }

  override [kGetBootstrapConnection](callback: Callback<Connection>, attempt = 0): void {
    const known = [...this.#given.endpoints, ...(this.currentMetadata?.brokers.values() ?? [])]
    const first = attempt % known.length
    this.#firstOf([...known.slice(first), ...known.slice(0, first)], [], callback)
  }

  override [kMetadata](options: MetadataOptions, callback: Callback<ClusterMetadata>): void {
    const checked: Callback<ClusterMetadata> = (error, metadata) => {
      const fine = metadata !== undefined && isWhole(metadata, options.topics ?? [])
      if (error || fine) callback(error, metadata)
      else callback(refusal('the cluster describes itself in no way that makes sense'))
    }
    super[kMetadata](options, checked)
  }

  #firstOf(brokers: readonly Broker[], errors: Error[], callback: Callback<Connection>): void {
    const [broker, ...rest] = brokers
    if (broker === undefined) {
      callback(new MultipleErrors('no broker can be reached', errors))
      return
    }
    this[kGetConnection](broker, (error, connection) => {
      if (error) this.#firstOf(rest, [...errors, error], callback)
      else callback(null, connection)
    })
  }

  /** Where the socket goes. Without TLS the client has no lookup to be lent, so it is given the address. */
  async #judged(broker: Broker): Promise<Broker> {
    const { rules } = this.#given
    const name = written(broker)
    const known = this.#targets.get(name)
    if (known && this.connections.has(known)) return known
    const { host, port } = endpointOf(name, 0, rules.secure, rules.allowed)
    const [first] = await guardedAddresses(host, rules)
    if ([...this.connections].length >= MOST_CONNECTIONS) throw new Error('too many brokers')
    const target = { host: rules.secure ? host : (first?.address ?? ''), port }
    this.#targets.set(name, target)
    return target
  }

  /** The client opens the socket in the same breath. */
  #hold(target: Broker): void {
    const connection = this.connections.getEstablishedConnection(target)
    if (!connection) return
    // Whoever waits for it is told of its error; one that nobody waits for would be thrown.
    if (connection.listenerCount('error', heard) === 0) connection.on('error', heard)
    this.#given.leash.hold(connection.socket)
  }
}

function heard(): void {
  // Told to whoever waits.
}

/** No later try of the client's own would end otherwise. */
function refusal(message: string, cause?: unknown): NetworkError {
  return new NetworkError(message, { canRetry: false, ...(cause instanceof Error && { cause }) })
}

function written({ host, port }: Broker): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

/** What the producer takes for granted and a broker need not give: every partition of every topic, by its number. */
function isWhole({ brokers, topics }: ClusterMetadata, asked: readonly string[]): boolean {
  if (brokers.size > MOST_BROKERS) return false
  return asked.every((name) => {
    const { partitions = [], partitionsCount = 0 } = topics.get(name) ?? {}
    return (
      partitionsCount > 0 &&
      Array.from({ length: partitionsCount }, (_, number) => partitions[number]).every(Boolean)
    )
  })
}

const MECHANISMS = {
  plain: SASLMechanisms.PLAIN,
  'scram-sha-256': SASLMechanisms.SCRAM_SHA_256,
  'scram-sha-512': SASLMechanisms.SCRAM_SHA_512,
}

function optionsOf({ endpoints, wishes, secrets, rules }: Given) {
  const { username, password = '' } = secrets
  return {
    clientId: 'wasl',
    bootstrapBrokers: [...endpoints],
    serializers: stringSerializers,
    // As the Java client does: what has the same key from there lies in the same partition.
    partitioner: compatibilityPartitioner,
    ...{ idempotent: true, autocreateTopics: false, retries: 2, retryDelay: 100 },
    // "A new one", as the protocol has it; left out, the client asks for number 0.
    ...{ producerId: -1n, producerEpoch: -1 },
    ...{ connectTimeout: 5_000, requestTimeout: 10_000, timeout: 10_000 },
    ...(rules.secure && {
      tls: { lookup: guardedLookup(rules), ...certificates({ ...wishes, ...secrets }) },
      tlsServerName: true,
    }),
    ...(username !== undefined && { sasl: { mechanism: MECHANISMS[wishes.mechanism], username, password } }),
  }
}
