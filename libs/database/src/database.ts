import { MikroORM, type EntityManager, type EntitySchema, PostgreSqlDriver } from '@mikro-orm/postgresql'
import pg from 'pg'

/** Where the database is; filled by the app (a given `DATABASE_URL`, or the embedded server's). */
export class DatabaseAddress {
  constructor(readonly url: string) {}
}

/** Who asks: every tenant query sees the rows of this project, and of this environment where the key has one. */
export interface Tenant {
  projectId: string
  environment?: string | undefined
}

export type Sql = Pick<pg.ClientBase, 'query'>

const STATEMENT_TIMEOUT_MS = 10_000

/**
 * PostgreSQL. `asProject` is the one place where tenancy is laid over the entity manager; `query` and `transaction`
 * are for SQL in plain sight. Lost connections are made anew at the next use and never end the process.
 */
export class Database {
  private constructor(
    readonly url: string,
    private readonly pool: pg.Pool,
    private readonly orm: MikroORM,
    private readonly hasTenantRole: boolean,
  ) {}

  static async connect(url: string, entities: readonly EntitySchema[]): Promise<Database> {
    const pool = new pg.Pool({
      connectionString: url,
      max: 4,
      application_name: 'wasl',
      statement_timeout: STATEMENT_TIMEOUT_MS,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
    })
    pool.on('error', () => undefined)
    const orm = await MikroORM.init({
      driver: PostgreSqlDriver,
      clientUrl: url,
      entities: [...entities],
      discovery: { warnWhenNoEntities: false },
      pool: { min: 0, max: 6 },
      driverOptions: { statement_timeout: STATEMENT_TIMEOUT_MS },
      forceUtcTimezone: true,
      debug: false,
    })
    return new Database(url, pool, orm, await tenantRoleUsable(pool))
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(text, [...values])
    return rows
  }

  /** One transaction whose commit is on disk before this resolves, whatever the server's default is. */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    let broken: Error | undefined
    try {
      await client.query('BEGIN; SET LOCAL synchronous_commit = on')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((lost: Error) => {
        broken = lost
      })
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** Work for one tenant: scoped in the database too (row-level security), where the role `wasl_tenant` could be made. */
  async asProject<T>(tenant: Tenant, work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.orm.em.fork().transactional(async (em) => {
      if (this.hasTenantRole) await em.execute('SET LOCAL ROLE wasl_tenant')
      await em.execute(
        "SELECT set_config('wasl.project_id', ?, true), set_config('wasl.environment', ?, true), set_config('synchronous_commit', 'on', true)",
        [tenant.projectId, tenant.environment ?? ''],
      )
      return work(em as EntityManager)
    })
  }

  /** Work that belongs to no tenant: the admin's, the registry's, the tasks'. */
  async asPlatform<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.orm.em.fork().transactional((em) => work(em as EntityManager))
  }

  /** Why the database cannot be relied on; empty when it can. */
  async shortcomings(production: boolean): Promise<string[]> {
    const rows = await this.query<{ name: string; setting: string }>(
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on'",
    )
    return production ? rows.map(({ name }) => `${name} is off`) : []
  }

  async close(): Promise<void> {
    await this.orm.close(true)
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
