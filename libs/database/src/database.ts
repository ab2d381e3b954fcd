import type { EntitySchema } from '@mikro-orm/core'
import { type EntityManager, MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { settingsText } from './by-index.ts'
import { LentTransaction, ormOver } from './entities/orm.ts'

/** Where the database is; filled by the app (a given `DATABASE_URL`, or the embedded server's). */
export class DatabaseAddress {
  constructor(readonly url: string) {}
}

/** Who asks: every tenant query sees the rows of this project, and of this environment where the key has one. */
export interface Tenant {
  projectId: string
  environment?: 'dev' | 'staging' | 'prod' | null | undefined
}

/** The condition that every question of a tenant carries, whether or not the database's own barrier stands behind it. */
export function rowsOf({ projectId, environment }: Tenant): {
  project_id: string
  environment?: NonNullable<Tenant['environment']>
} {
  return { project_id: projectId, ...(environment && { environment }) }
}

export type Sql = Pick<pg.ClientBase, 'query'>

/** One unit of work: entities through `em`, SQL in plain sight through `query`, both in the same transaction. */
export interface Work extends Sql {
  readonly em: EntityManager
}

/** Questions about entities, asked outside a tenant's transaction. What shall change belongs into `transaction`. */
export type Reader = Pick<EntityManager, 'find' | 'findOne'>

const CONNECTION = { statement_timeout: 10_000, connectionTimeoutMillis: 3_000, keepAlive: true }

/**
 * PostgreSQL. `asProject` is the one place where a transaction is given to a tenant; `query` and `transaction`
 * are for SQL in plain sight and for entities. Lost connections are made anew at the next use and never end the process.
 */
export class Database {
  private constructor(
    readonly url: string,
    private readonly pool: pg.Pool,
    private readonly orm: MikroORM,
    private readonly hasTenantRole: boolean,
  ) {}

  /** By itself, as the tests of a room have it; in the platform the rooms register their schemas (database.module.ts). */
  static async connect(url: string, schemas: EntitySchema[] = []): Promise<Database> {
    const pool = poolAt(url)
    const orm = await MikroORM.init({ ...ormOver(pool), entities: schemas })
    return Database.over(url, pool, orm)
  }

  static async over(url: string, pool: pg.Pool, orm: MikroORM): Promise<Database> {
    return new Database(url, pool, orm, await tenantRoleUsable(pool))
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(text, [...values])
    return rows
  }

  /** A fresh entity manager for a question or two; what it found is only to be looked at. */
  reader(): Reader {
    return this.orm.em.fork()
  }

  /**
   * One transaction whose commit is on disk before this resolves, whatever the server's default is. What the entities
   * of `em` have become is written at the end, unless `work` flushed it before. `settings` are PostgreSQL's, for its
   * length.
   */
  async transaction<T>(
    work: (work: Work) => Promise<T>,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const client = await this.pool.connect()
    let broken: Error | undefined
    const lost = (error: Error): void => {
      broken = error
    }
    client.on('error', lost)
    const lent = new LentTransaction(client)
    try {
      await client.query(`BEGIN; SET LOCAL synchronous_commit = on${settingsText('SET LOCAL', settings)}`)
      const em = this.orm.em.fork()
      em.setTransactionContext(lent.context)
      const query: Sql['query'] = client.query.bind(client)
      const result = await work({ em, query })
      await em.flush()
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(lost)
      throw error
    } finally {
      lent.end()
      client.off('error', lost)
      client.release(broken)
    }
  }

  /** One transaction for one tenant: the database itself shows no other's rows, where the role `wasl_tenant` could be made. */
  async asProject<T>(tenant: Tenant, work: (work: Work) => Promise<T>): Promise<T> {
    return this.transaction(async (unit) => {
      if (this.hasTenantRole) await unit.query('SET LOCAL ROLE wasl_tenant')
      await unit.query(
        "SELECT set_config('wasl.project_id', $1, true), set_config('wasl.environment', $2, true)",
        [tenant.projectId, tenant.environment ?? ''],
      )
      return work(unit)
    })
  }

  /**
   * Runs `work` unless another session holds the lock of this name (then null). The lock goes with its connection, one
   * beside the pool: lost, the signal says so, and another session may be at the same work already.
   */
  async withLock<T>(name: string, work: (lost: AbortSignal) => Promise<T>): Promise<T | null> {
    const lost = new AbortController()
    const client = new pg.Client({ ...CONNECTION, connectionString: this.url, application_name: 'wasl-lock' })
    client.on('error', () => {
      lost.abort()
    })
    try {
      await client.connect()
      const { rows } = await client.query<{ free: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 74)) AS free',
        [name],
      )
      if (!rows[0]?.free) return null
      return await work(lost.signal)
    } finally {
      // Closing the connection gives the lock back, whatever state it is in.
      await client.end().catch(() => undefined)
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

export function poolAt(url: string): pg.Pool {
  const pool = new pg.Pool({
    ...CONNECTION,
    connectionString: url,
    max: 8,
    application_name: 'wasl',
  })
  pool.on('error', () => undefined)
  // The pool listens to idle clients only; lost while somebody works with it, a client would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
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
