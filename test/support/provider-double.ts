import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Mood = 'healthy' | 'refusing' | 'failing' | 'throttling' | 'babbling' | 'hanging'

const ANSWERS: Record<Exclude<Mood, 'hanging'>, [number, string]> = {
  healthy: [200, '{"id": 7, "login": "acme"}'],
  refusing: [401, '{"message": "Bad credentials"}'],
  failing: [500, '{"message": "oops"}'],
  throttling: [429, '{"message": "slow down"}'],
  babbling: [200, '<html>maintenance</html>'],
}

/** Stands where GitHub would, in whatever mood a test needs; closed, it refuses connections. */
export class ProviderDouble {
  mood: Mood = 'healthy'
  /** The moods of single accounts, by token. */
  readonly moods = new Map<string, Mood>()
  asked = 0
  /** The most calls that were under way at once. */
  most = 0
  #open = 0
  #port = 0
  #server: Server | null = null
  #wake: (() => void)[] = []

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async open(): Promise<this> {
    const server = createServer((request, response) => {
      this.asked++
      this.most = Math.max(this.most, ++this.#open)
      response.once('close', () => this.#open--)
      const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
      this.#answer(response, this.moods.get(token) ?? this.mood)
      for (const wake of this.#wake.splice(0)) wake()
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    return this
  }

  /** Resolves once somebody asks. */
  nextCall(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  async close(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  #answer(response: ServerResponse, mood: Mood): void {
    if (mood === 'hanging') return
    const [status, text] = ANSWERS[mood]
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }
}
