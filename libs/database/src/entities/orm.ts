import { EntityCaseNamingStrategy, FlushMode } from '@mikro-orm/core'
import { Kysely, type Options, PostgreSqlDriver } from '@mikro-orm/postgresql'
import { PostgresDialect, type PostgresPoolClient } from 'kysely'
import type pg from 'pg'

/** MikroORM over the pool that hand-written SQL uses: one pool a process. It opens no connection by itself. */
export function ormOver(pool: pg.Pool): Options {
  return {
    driver: PostgreSqlDriver,
    driverOptions: () =>
      dialectOver(async () => {
        const client = await pool.connect()
        return { query: client.query.bind(client), release: () => client.release() }
      }),
    // A label that MikroORM insists on; where the database is, the pool knows. Left to itself it would create one.
    dbName: 'wasl',
    ensureDatabase: false,
    // A property bears the name of its column, as in the API: one word from the table to the answer.
    namingStrategy: EntityCaseNamingStrategy,
    forceUtcTimezone: true,
    // Plain properties: without relations there is nothing to propagate.
    propagationOnPrototype: false,
    // Nothing is written before it is asked for; a question never writes.
    flushMode: FlushMode.COMMIT,
    // A flush outside a unit of work would begin a transaction of MikroORM's own, without our durability.
    implicitTransactions: false,
    metadataCache: { enabled: false },
    discovery: { warnWhenNoEntities: false, inferDefaultValues: false },
  }
}

/** MikroORM's transaction context on a client that somebody else began a transaction on, and will end. */
export class LentTransaction {
  readonly context: Kysely<unknown>
  #ended = false

  constructor(client: pg.PoolClient) {
    const lent: PostgresPoolClient = { query: client.query.bind(client), release: () => undefined }
    this.context = new Kysely({
      dialect: dialectOver(() => {
        // The client may serve another tenant by now.
        if (this.#ended) throw new Error('this unit of work has ended: its entity manager asks no more')
        return Promise.resolve(lent)
      }),
    })
  }

  end(): void {
    this.#ended = true
  }
}

function dialectOver(connect: () => Promise<PostgresPoolClient>): PostgresDialect {
  return new PostgresDialect({ pool: { connect, end: () => Promise.resolve(), options: {} } })
}
