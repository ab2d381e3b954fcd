import { LockMode } from '@mikro-orm/core'
import { Injectable } from '@nestjs/common'
import { Database, rowsOf, type Tenant, type Work } from '@app/database'
import { type Caller, keyOfCursor, limitOf, NotFound, UUID_KEY } from '@app/http'
import { AuditLog } from '@app/projects'
import { QuotaExceeded } from '../destinations.problems.ts'
import type { DestinationsQuery } from './destination.api.ts'
import { Destination } from './destination.ts'

/** What the audit shall call a move. */
interface Named {
  action: string
  details?: Record<string, unknown>
}

/** Where events go. Every question is asked as the caller's project, in its environment. */
@Injectable()
export class Destinations {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  async list(caller: Caller, projectId: string, query: DestinationsQuery): Promise<Destination[]> {
    const after = keyOfCursor(query, projectId, UUID_KEY)
    const { environment, status } = query
    if (environment && caller.environment && environment !== caller.environment) return []
    const tenant = { projectId, environment: caller.environment ?? environment }
    return this.database.asProject(tenant, ({ em }) =>
      em.find(
        Destination,
        {
          ...rowsOf(tenant),
          status: status ?? { $ne: 'deleted' },
          ...(after !== null && { id: { $lt: after } }),
        },
        { orderBy: { id: 'desc' }, limit: limitOf(query) + 1 },
      ),
    )
  }

  async get(caller: Caller, projectId: string, id: string): Promise<Destination> {
    const tenant = tenantOf(caller, projectId)
    return this.database.asProject(tenant, async ({ em }) =>
      found(await em.findOne(Destination, { id, ...rowsOf(tenant) })),
    )
  }

  async add(caller: Caller, destination: Destination): Promise<Destination> {
    return this.database.asProject(tenantOf(caller, destination.project_id), async (unit) => {
      await refuseBeyondQuota(destination, unit)
      unit.em.persist(destination)
      return this.#done(unit, caller, destination, { action: 'destination.created' })
    })
  }

  /** One move of one destination that nobody else moves meanwhile: locked, moved, audited, and read again. */
  async move(
    caller: Caller,
    projectId: string,
    id: string,
    named: Named,
    moves: (destination: Destination, unit: Work) => void | Promise<void>,
  ): Promise<Destination> {
    const tenant = tenantOf(caller, projectId)
    return this.database.asProject(tenant, async (unit) => {
      const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
      const destination = found(await unit.em.findOne(Destination, { id, ...rowsOf(tenant) }, lock))
      await moves(destination, unit)
      return this.#done(unit, caller, destination, named)
    })
  }

  async #done(
    unit: Work,
    caller: Caller,
    destination: Destination,
    { action, details }: Named,
  ): Promise<Destination> {
    const { id, project_id: projectId } = destination
    await this.audit.by(caller, action, id, details, projectId, unit)
    await unit.em.flush()
    return unit.em.refreshOrFail(destination)
  }
}

function tenantOf(caller: Caller, projectId: string): Tenant {
  return { projectId, environment: caller.environment }
}

function found(destination: Destination | null): Destination {
  if (!destination) throw NotFound()
  return destination
}

const LIVE_AT_MOST = 50

/** One at a time per project and environment: counted together, the last place would be taken twice. */
async function refuseBeyondQuota(
  { project_id: projectId, environment }: Destination,
  { query }: Work,
): Promise<void> {
  await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 74))', [
    `destinations ${projectId} ${environment ?? 'all'}`,
  ])
  const { rows } = await query<{ live: number }>(
    `SELECT count(*)::int AS live FROM destinations
     WHERE project_id = $1 AND environment IS NOT DISTINCT FROM $2 AND status <> 'deleted'`,
    [projectId, environment],
  )
  if ((rows[0]?.live ?? 0) >= LIVE_AT_MOST)
    throw QuotaExceeded({ values: { limit: LIVE_AT_MOST, environment: environment ?? 'all' } })
}
