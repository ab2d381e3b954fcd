import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EgressRoutes } from '@app/egress'
import type { TestPlatform } from './platform.ts'

export interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: Buffer
}

/** A provider on this machine, in whose place the platform calls it; with what it was sent. */
export class PlayedProvider {
  readonly seen: Seen[] = []
  connections = 0
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void = (_, response) =>
    response.end()

  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('error', () => undefined)
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const body = Buffer.concat(parts)
      this.seen.push({ method, url, headers, body })
      this.answer(request, response, body)
    })
  }).on('connection', () => this.connections++)

  /** Answers to what is meant for `origin`; without one it only listens. */
  static async start(platform?: TestPlatform, origin?: string): Promise<PlayedProvider> {
    const double = new PlayedProvider()
    double.#server.listen(0, '127.0.0.1')
    await once(double.#server, 'listening')
    if (origin !== undefined) platform?.app.get(EgressRoutes).add(origin, double.url)
    return double
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What it was sent last. */
  get last(): Seen {
    const last = this.seen.at(-1)
    if (!last) throw new Error('nothing arrived')
    return last
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
