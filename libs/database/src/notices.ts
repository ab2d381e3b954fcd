import pg from 'pg'

const HEARTBEAT_MS = 2_000

/**
 * LISTEN on a connection of its own. After every (re)connection `onGap` is called: what was said meanwhile is lost,
 * so caches begin anew. `listening` is false while nothing would be heard.
 */
export class Notices {
  #client: pg.Client | null = null
  #closed = false
  #timer: NodeJS.Timeout | null = null
  #heartbeat: NodeJS.Timeout | null = null

  constructor(
    private readonly url: string,
    private readonly channel: string,
    private readonly onNotice: (payload: string) => void,
    private readonly onGap: () => void,
  ) {}

  get listening(): boolean {
    return this.#client !== null
  }

  async start(): Promise<void> {
    if (this.#closed) return
    const client = new pg.Client({
      connectionString: this.url,
      application_name: `wasl-listen`,
      connectionTimeoutMillis: 2_000,
      query_timeout: HEARTBEAT_MS,
      keepAlive: true,
    })
    client.on('error', () => undefined)
    client.on('notification', ({ payload }) => {
      this.onNotice(payload ?? '')
    })
    client.once('end', () => {
      if (this.#client === client) this.#client = null
      if (this.#heartbeat) clearInterval(this.#heartbeat)
      this.#again()
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${pg.escapeIdentifier(this.channel)}`)
    } catch {
      await client.end().catch(() => undefined)
      this.#again()
      return
    }
    if (this.#closed) return client.end()
    this.#client = client
    this.#heartbeat = setInterval(() => void this.#beat(client), HEARTBEAT_MS)
    this.#heartbeat.unref()
    this.onGap()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => undefined)
  }

  // A connection that a firewall dropped says nothing: without a question now and then, a revoked key would live on.
  async #beat(client: pg.Client): Promise<void> {
    try {
      await client.query('SELECT')
    } catch {
      if (this.#client === client) this.#client = null
      void client.end().catch(() => undefined)
      this.#again()
    }
  }

  #again(): void {
    if (this.#closed || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.start()
    }, 500)
    this.#timer.unref()
  }
}
