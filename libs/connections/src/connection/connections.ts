import { LockMode, raw } from '@mikro-orm/core'
import { Injectable } from '@nestjs/common'
import { Database, rowsOf, type Tenant, type Work } from '@app/database'
import { type Caller, keyOfCursor, limitOf, NotFound, UUID_KEY } from '@app/http'
import { Metrics } from '@app/metrics'
import { AuditLog } from '@app/projects'
import { AliasTaken, QuotaExceeded } from '../connections.problems.ts'
import type { ChangedConnection, ConnectionsQuery } from './connection.api.ts'
import { Connection } from './connection.ts'
import { ConnectionNews } from './connection-news.ts'

/** What the audit shall call a move; null: it is none of the audit's. */
type Named = { action: string; details?: Record<string, unknown> } | null

/** Who is linked to what. Every question is asked as the caller's project, in its environment. */
@Injectable()
export class Connections {
  readonly #listeners: (() => void)[] = []

  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly metrics: Metrics,
    private readonly news: ConnectionNews,
  ) {}

  async list(caller: Caller, projectId: string, query: ConnectionsQuery): Promise<Connection[]> {
    const after = keyOfCursor(query, projectId, UUID_KEY)
    const { provider, status, health, environment } = query
    if (environment && caller.environment && environment !== caller.environment) return []
    const tenant = { projectId, environment: caller.environment ?? environment }
    return this.database.asProject(tenant, ({ em }) =>
      em.find(
        Connection,
        {
          ...rowsOf(tenant),
          status: status ?? { $ne: 'disconnected' },
          // As text: a provider that the database has never heard of has no connections, and is no error.
          ...(provider !== undefined && { [raw('provider::text')]: provider }),
          ...(health && { health_state: health }),
          ...(after !== null && { id: { $lt: after } }),
        },
        { orderBy: { id: 'desc' }, limit: limitOf(query) + 1 },
      ),
    )
  }

  async get(caller: Caller, projectId: string, id: string): Promise<Connection> {
    const tenant = tenantOf(caller, projectId)
    return this.database.asProject(tenant, async ({ em }) =>
      found(await em.findOne(Connection, { id, ...rowsOf(tenant) })),
    )
  }

  async change(caller: Caller, projectId: string, id: string, input: ChangedConnection): Promise<Connection> {
    const named = { action: 'connection.changed', details: { fields: Object.keys(input) } }
    return this.move(caller, projectId, id, named, (connection) => {
      connection.change(input)
    })
  }

  /** Ends it: the credentials are wiped, the address is gone, the history stays. */
  async disconnect(caller: Caller, projectId: string, id: string): Promise<void> {
    await this.move(
      caller,
      projectId,
      id,
      { action: 'connection.disconnected' },
      async (connection, { query }) => {
        connection.disconnect(new Date())
        await query('DELETE FROM webhook_addresses WHERE connection_id = $1', [id])
      },
    )
  }

  /** A new one, and what belongs to its beginning, all or nothing. */
  async add(
    caller: Caller,
    connection: Connection,
    beginning: (unit: Work) => Promise<void>,
  ): Promise<Connection> {
    const projectId = connection.project_id
    const added = await this.#heard(tenantOf(caller, projectId), async (unit) => {
      await refuseBeyondQuota(connection, unit)
      await unit.em.persist(connection).flush().catch(asAliasTaken)
      await beginning(unit)
      await this.news.tell(unit, connection, { type: 'connection.created', of: connection.id })
      return this.#done(unit, caller, connection, { action: 'connection.created' })
    })
    this.metrics.count('total_connections', added.provider, added.id)
    this.metrics.count('new_connections', added.provider, added.id)
    return added
  }

  /** One move of one connection that nobody else moves meanwhile: locked, moved, audited, and read again. */
  async move(
    caller: Caller,
    projectId: string,
    id: string,
    named: Named,
    moves: (connection: Connection, unit: Work) => void | Promise<void>,
  ): Promise<Connection> {
    const tenant = tenantOf(caller, projectId)
    return this.#heard(tenant, async (unit) => {
      const connection = await lockedIn(unit, id, tenant)
      await moves(connection, unit)
      return this.#done(unit, caller, connection, named)
    })
  }

  /** What a check found, noted like a move. Health alone is in nobody's memory: only another status is heard of. */
  async note(
    caller: Caller,
    projectId: string,
    id: string,
    notes: (connection: Connection, unit: Work) => Promise<void>,
  ): Promise<Connection> {
    const tenant = tenantOf(caller, projectId)
    let moved = false
    try {
      return await this.database.asProject(tenant, async (unit) => {
        const connection = await lockedIn(unit, id, tenant)
        const { status } = connection
        await notes(connection, unit)
        moved = connection.status !== status
        return this.#done(unit, caller, connection, null)
      })
    } finally {
      if (moved) this.#tell()
      else this.news.committed()
    }
  }

  /** Called after each change that was committed here; other replicas hear of it from the database. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  async #heard<T>(tenant: Tenant, work: (unit: Work) => Promise<T>): Promise<T> {
    try {
      return await this.database.asProject(tenant, work)
    } finally {
      // Also after a failure: whether a commit whose answer was lost took place is not known.
      this.#tell()
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
    this.news.committed()
  }

  /** Read again, because triggers and functions of the database have their say too. */
  async #done(unit: Work, caller: Caller, connection: Connection, named: Named): Promise<Connection> {
    if (named) {
      const { id, project_id: projectId } = connection
      await this.audit.record(
        { actor: caller.id, address: caller.address, projectId, subject: id, ...named },
        unit,
      )
    }
    await unit.em.flush().catch(asAliasTaken)
    return unit.em.refreshOrFail(connection)
  }
}

function tenantOf(caller: Caller, projectId: string): Tenant {
  return { projectId, environment: caller.environment }
}

async function lockedIn({ em }: Work, id: string, tenant: Tenant): Promise<Connection> {
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
  return found(await em.findOne(Connection, { id, ...rowsOf(tenant) }, lock))
}

function found(connection: Connection | null): Connection {
  if (!connection) throw NotFound()
  return connection
}

const LIVE_AT_MOST = 1_000

/** One at a time per project and environment: counted together, the last place would be taken twice. */
async function refuseBeyondQuota(connection: Connection, { query }: Work): Promise<void> {
  const { project_id: projectId, environment } = connection
  await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 74))', [
    `connections ${projectId} ${environment}`,
  ])
  const { rows } = await query<{ live: number }>(
    `SELECT count(*)::int AS live FROM integration_connections
     WHERE project_id = $1 AND environment = $2 AND status <> 'disconnected'`,
    [projectId, environment],
  )
  if ((rows[0]?.live ?? 0) >= LIVE_AT_MOST) {
    throw QuotaExceeded({ values: { limit: LIVE_AT_MOST, environment } })
  }
}

const UNIQUE_VIOLATION = '23505'

function asAliasTaken(error: unknown): never {
  throw (error as { code?: string }).code === UNIQUE_VIOLATION ? AliasTaken() : error
}
