import pg from 'pg'
import { settingsText } from './by-index.ts'

/**
 * A connection of its own for a hot, prepared statement. Lost, it is made anew at the next use; what was in flight
 * fails, because whether it was committed is then unknown.
 */
export class Lane {
  #client: Promise<pg.Client> | null = null
  #current: pg.Client | null = null
  #closed = false

  constructor(
    private readonly url: string,
    private readonly name: string,
    private readonly statementTimeoutMs = 3_500,
    private readonly settings: Readonly<Record<string, string>> = {},
  ) {}

  async query<Row extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    const client = await this.#connected()
    try {
      return await client.query<Row>(statement)
    } catch (error) {
      // Without a code it is not the server's answer: the connection is gone or silent, and others would wait behind it.
      if (!(error instanceof pg.DatabaseError)) {
        this.#forget(client)
        void client.end().catch(() => undefined)
      }
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await (await this.#client?.catch(() => null))?.end().catch(() => undefined)
  }

  #connected(): Promise<pg.Client> {
    if (this.#closed) throw new Error('this lane is closed')
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = null
      throw error
    })
    return this.#client
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: `wasl-${this.name}`,
      connectionTimeoutMillis: 2_000,
      statement_timeout: this.statementTimeoutMs,
      query_timeout: this.statementTimeoutMs + 500,
      keepAlive: true,
    })
    const forget = (): void => {
      this.#forget(client)
    }
    client.on('error', forget)
    client.on('end', forget)
    try {
      await client.connect()
      // What this lane acknowledges must be on disk, whatever the server or role default is (security.md 1.2).
      await client.query(`SET synchronous_commit = on${settingsText('SET', this.settings)}`)
    } catch (error) {
      void client.end().catch(() => undefined)
      throw error
    }
    this.#current = client
    return client
  }

  // A lost client may say so late, when its successor is already at work.
  #forget(client: pg.Client): void {
    if (this.#current !== client) return
    this.#current = null
    this.#client = null
  }
}
