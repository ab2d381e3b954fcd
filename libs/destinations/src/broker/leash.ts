import type { Socket } from 'node:net'

/** A broker acknowledges, in a few bytes; whoever says more than this between two messages wants our memory. */
const MOST_BYTES = 1024 * 1024

/** What a client is told when a socket is taken from it. */
export class LinkEnded extends Error {}

/**
 * The sockets of one link. The other end belongs to a stranger: it says only so much between two messages, a client that
 * stumbles over its words loses the socket and not this process, and no socket outlives the link.
 */
export class Leash {
  readonly #end = new AbortController()
  /** How much had been read when the last message went out. */
  readonly #sockets = new Map<Socket, number>()

  /** Aborts with the link, for clients that open their sockets by themselves. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  hold<S extends Socket>(socket: S): S {
    if (this.#sockets.has(socket)) return socket
    this.#sockets.set(socket, socket.bytesRead)
    this.#listenFor(socket)
    if (this.signal.aborted) socket.destroy(new LinkEnded())
    return socket
  }

  /** A message goes out: there may be an answer to it. */
  lengthen(): void {
    for (const socket of this.#sockets.keys()) this.#sockets.set(socket, socket.bytesRead)
  }

  cut(): void {
    this.#end.abort()
    // With an error: not every client notices a socket that merely goes away.
    for (const socket of this.#sockets.keys()) socket.destroy(new LinkEnded())
    this.#sockets.clear()
  }

  /**
   * Stands before all that listen. What a client throws while it reads would end the process (no caller of ours is on that
   * stack), and so would an error of the socket at a moment when the client does not listen for it.
   */
  #listenFor(socket: Socket): void {
    const emit = socket.emit.bind(socket) as (...event: unknown[]) => boolean
    socket.emit = (...event: unknown[]): boolean => {
      try {
        if (event[0] === 'data' || event[0] === 'readable') this.#measure(socket)
        return emit(...event)
      } catch {
        socket.destroy(new LinkEnded())
        return true
      } finally {
        if (event[0] === 'close') this.#sockets.delete(socket)
      }
    }
  }

  #measure(socket: Socket): void {
    const before = this.#sockets.get(socket) ?? 0
    if (socket.bytesRead - before > MOST_BYTES) throw new LinkEnded()
  }
}
