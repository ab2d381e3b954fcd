import pg from 'pg'

/**
 * LISTEN on a connection of its own. After every (re)connection `onGap` is called: what was said meanwhile is lost,
 * so caches begin anew. `listening` is false while nothing would be heard.
 */
export class Notices {
  #client: pg.Client | null = null
  #closed = false
  #timer: NodeJS.Timeout | null = null

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
      keepAlive: true,
    })
    client.on('error', () => undefined)
    client.on('notification', ({ payload }) => {
      this.onNotice(payload ?? '')
    })
    client.once('end', () => {
      this.#client = null
      this.#again()
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${pg.escapeIdentifier(this.channel)}`)
      this.#client = client
      this.onGap()
    } catch {
      await client.end().catch(() => undefined)
      this.#again()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#client?.end().catch(() => undefined)
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
