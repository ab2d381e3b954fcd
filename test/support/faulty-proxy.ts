import { createServer, request, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

type Mood =
  | { does: 'pass' }
  | { does: 'pass'; afterMs: number }
  | { does: 'hang' }
  | { does: 'refuse'; status: number; code: string }

/** Stands before an S3 store and is in whatever mood a test needs; `close` and `open` make it go and come back. */
export class FaultyProxy {
  mood: Mood = { does: 'pass' }
  #server: Server | null = null
  readonly #sockets = new Set<Socket>()
  #port = 0

  constructor(private readonly target: number) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async open(): Promise<this> {
    const server = createServer((asked, answer) => {
      const { mood } = this
      if (mood.does === 'hang') return asked.resume()
      if (mood.does === 'refuse') {
        asked.resume().on('end', () => {
          answer.writeHead(mood.status, { 'content-type': 'application/xml' })
          answer.end(`<?xml version="1.0"?><Error><Code>${mood.code}</Code><Message>no</Message></Error>`)
        })
        return
      }
      const pass = (): void => {
        if (asked.destroyed) return // Whoever asked has given up.
        const { method, url: path, rawHeaders: headers } = asked
        const on = request(
          { host: '127.0.0.1', port: this.target, method, path, headers: headers as never },
          (got) => {
            answer.writeHead(got.statusCode ?? 502, got.rawHeaders)
            got.pipe(answer)
          },
        )
        on.on('error', () => answer.destroy())
        answer.on('close', () => on.destroy())
        asked.pipe(on)
      }
      if ('afterMs' in mood) setTimeout(pass, mood.afterMs)
      else pass()
      return
    })
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    return this
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
