import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A server of a test's own: what it does with each socket is the test's to say, and which ones are still open is seen. */
export class Listener {
  readonly open = new Set<Socket>()
  accepted = 0
  port = 0
  readonly #server: Server

  constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.accepted++
      this.open.add(socket)
      socket.on('error', () => undefined).on('close', () => this.open.delete(socket))
      // Unread, the end of the other side would never be seen.
      socket.resume()
      onSocket(socket)
    })
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  /** Every connection is lost. */
  cut(): void {
    for (const socket of this.open) socket.destroy()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }
}

/** Stands before a real server; `hangs` makes it swallow what it is told. */
export class Relay extends Listener {
  hangs = false

  constructor(target: () => number) {
    super((socket) => {
      const on = connect(target(), '127.0.0.1')
      on.on('error', () => undefined).on('close', () => socket.destroy())
      on.pipe(socket)
      socket.on('close', () => on.destroy())
      socket.on('data', (bytes) => {
        if (!this.hangs) on.write(bytes)
      })
    })
  }
}
