import type { Socket } from 'node:net'
import { Listener } from '../../broker/testing/relay.ts'

export interface PlayedTopic {
  name: string
  error?: number
  internal?: boolean
  /** The numbers of its partitions; the first broker leads them all. */
  partitions: number[]
}

/** What a broker of a test's own says; the least that the client asks for, in the oldest form that it takes. */
export interface Played {
  brokers(port: number): { host: string; port: number }[]
  topics: PlayedTopic[]
  /** Kafka's number for what is wrong with a message; 0: nothing. */
  produced?: number
  /** Of a frame, as it is announced. */
  length?: (real: number) => number
}

const API = { produce: 0, metadata: 3, versions: 18, producerId: 22 }
/** The oldest and the newest form of each that is played. */
const FORMS = [
  [API.produce, 7, 7],
  [API.metadata, 1, 1],
  [API.versions, 0, 1],
  [API.producerId, 0, 0],
]
const UNSUPPORTED_VERSION = 35

export class PlayedBroker extends Listener {
  /** How many messages it was sent. */
  produced = 0

  constructor(played: Played) {
    super((socket) => {
      let rest = Buffer.alloc(0)
      socket.on('data', (bytes) => {
        rest = Buffer.concat([rest, bytes])
        while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
          const request = rest.subarray(4, 4 + rest.readInt32BE(0))
          rest = rest.subarray(4 + request.length)
          this.#answer(socket, request, played)
        }
      })
    })
  }

  #answer(socket: Socket, request: Buffer, { brokers, topics, produced = 0, length }: Played): void {
    const [api, version, number] = [request.readInt16BE(0), request.readInt16BE(2), request.readInt32BE(4)]
    if (api === API.produce) this.produced++
    const body = {
      [API.versions]: () =>
        version > 1
          ? [int16(UNSUPPORTED_VERSION), Buffer.of(1), int32(0), Buffer.of(0)]
          : [int16(0), list(FORMS, (form) => form.map(int16)), int32(0)],
      [API.metadata]: () => [
        list(brokers(this.port), ({ host, port }, at) => [int32(at), text(host), int32(port), int16(-1)]),
        int32(0),
        list(topics, ({ name, error = 0, internal = false, partitions }) => [
          ...[int16(error), text(name), Buffer.of(Number(internal))],
          list(partitions, (at) => [int16(0), int32(at), int32(0), list([0], int32s), list([0], int32s)]),
        ]),
      ],
      [API.producerId]: () => [int32(0), int16(0), int64(7n), int16(0)],
      [API.produce]: () => [
        list(topics, ({ name }) => [
          text(name),
          list([0], (at) => [int32(at), int16(produced), int64(0n), int64(-1n), int64(0n)]),
        ]),
        int32(0),
      ],
    }[api]?.()
    if (body === undefined) return
    const frame = Buffer.concat([int32(number), ...body])
    socket.write(Buffer.concat([int32(length?.(frame.length) ?? frame.length), frame]))
  }
}

function int16(value = 0): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int32s(value: number): Buffer[] {
  return [int32(value)]
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}

function list<T>(items: readonly T[], write: (item: T, at: number) => Buffer[]): Buffer {
  return Buffer.concat([int32(items.length), ...items.flatMap(write)])
}
