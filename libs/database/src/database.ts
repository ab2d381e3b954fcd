import pg from 'pg'

/** Where the database is; filled by the app (a given `DATABASE_URL`, or the embedded server's). */
export class DatabaseAddress {
  constructor(readonly url: string) {}
}

/** Who asks: every tenant query sees the rows of this project, and of this environment where the key has one. */
export interface Tenant {
  projectId: string
  environment?: string | null | undefined
}

export type Sql = Pick<pg.ClientBase, 'query'>

const STATEMENT_TIMEOUT_MS = 10_000

/**
 * PostgreSQL. `asProject` is the one place where a transaction is given to a tenant; `query` and `transaction`
 * are for SQL in plain sight. Lost connections are made anew at the next use and never end the process.
 */
export class Database {
  private constructor(
    readonly url: string,
    private readonly pool: pg.Pool,
    private readonly hasTenantRole: boolean,
  ) {}

  static async connect(url: string): Promise<Database> {
    const pool = new pg.Pool({
      connectionString: url,
      max: 8,
      application_name: 'wasl',
      statement_timeout: STATEMENT_TIMEOUT_MS,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
    })
    pool.on('error', () => undefined)
    return new Database(url, pool, await tenantRoleUsable(pool))
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(text, [...values])
    return rows
  }

  /** One transaction whose commit is on disk before this resolves, whatever the server's default is. */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    let broken: Error | undefined
    // The pool listens to idle clients only; lost between two statements, this one would end the process.
    const lost = (error: Error): void => {
      broken = error
    }
    client.on('error', lost)
    try {
      await client.query('BEGIN; SET LOCAL synchronous_commit = on')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(lost)
      throw error
    } finally {
      client.off('error', lost)
      client.release(broken)
    }
  }

  /** One transaction for one tenant: the database itself shows no other's rows, where the role `wasl_tenant` could be made. */
  async asProject<T>(tenant: Tenant, work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.transaction(async (sql) => {
      if (this.hasTenantRole) await sql.query('SET LOCAL ROLE wasl_tenant')
      await sql.query(
        "SELECT set_config('wasl.project_id', $1, true), set_config('wasl.environment', $2, true)",
        [tenant.projectId, tenant.environment ?? ''],
      )
      return work(sql)
    })
  }

  /** Runs `work` unless another session holds the lock of this name (then null); the lock goes with the connection. */
  async withLock<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    const client = await this.pool.connect()
    try {
      const { rows } = await client.query<{ free: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 74)) AS free',
        [name],
      )
      if (!rows[0]?.free) return null
      return await work()
    } finally {
      // Closing the connection gives the lock back, whatever state it is in.
      client.release(true)
    }
  }

  /** Why the database cannot be relied on; empty when it can. */
  async shortcomings(production: boolean): Promise<string[]> {
    const rows = await this.query<{ name: string; setting: string }>(
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on'",
    )
    return production ? rows.map(({ name }) => `${name} is off`) : []
  }

  async close(): Promise<void> {
    await this.pool.end()
  }
}

async function tenantRoleUsable(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool
    .query<{ usable: boolean }>(
      "SELECT coalesce((SELECT pg_has_role(oid, 'SET') FROM pg_roles WHERE rolname = 'wasl_tenant'), false) AS usable",
    )
    .catch(() =>
      pool.query<{ usable: boolean }>(
        "SELECT coalesce((SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = 'wasl_tenant'), false) AS usable",
      ),
    )
  return rows[0]?.usable ?? false
}
