import pg from 'pg'

/**
 * A connection of its own for a hot, prepared statement. Lost, it is made anew at the next use; what was in flight
 * fails, because whether it was committed is then unknown.
 */
export class Lane {
  #client: Promise<pg.Client> | null = null
  #closed = false

  constructor(
    private readonly url: string,
    private readonly name: string,
    private readonly statementTimeoutMs = 3_500,
  ) {}

  async query<Row extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    const client = await this.#connected()
    return client.query<Row>(statement)
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
      this.#client = null
    }
    client.on('error', forget)
    client.on('end', forget)
    await client.connect()
    // What this lane acknowledges must be on disk, whatever the server or role default is (security.md 1.2).
    await client.query('SET synchronous_commit = on')
    return client
  }
}
