import { LockMode } from '@mikro-orm/core'
import { Injectable } from '@nestjs/common'
import type { Connection } from '@app/connections'
import type { Registered } from '@app/connector-kit'
import { Database, type Work } from '@app/database'
import { isStorable, newId } from '@app/http'
import { Outbox } from '@app/outbox'
import type { Finding, FoundState } from './registration-state.ts'
import { WebhookConfig } from './webhook-config.ts'
import { WebhookRegistration } from './webhook-registration.ts'

/** What is remembered of a connection: how it was found, and what was registered then. */
export interface Noted {
  registration: WebhookRegistration | null
  found: readonly Registered[]
}

/** More than anybody registers for one connection. */
const AT_MOST = 20

/** Remembers what was found, and tells of it where it has become another. */
@Injectable()
export class RegistrationNotes {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  async of({ id, project_id: projectId, environment }: Connection): Promise<Noted> {
    return this.database.asProject({ projectId, environment }, async ({ em }) => ({
      registration: await em.findOne(WebhookRegistration, { connection_id: id, project_id: projectId }),
      found: (await em.find(WebhookConfig, { connection_id: id }, { orderBy: { webhook_id: 'asc' } }))
        .filter((row) => row.isOurs())
        .map((row) => row.registered()),
    }))
  }

  /** Nothing is noted where the connection has another address by now, or has ended: it is about what was before. */
  async keep(connection: Connection, finding: Finding, method: string): Promise<void> {
    const { id, project_id: projectId, environment } = connection
    await this.database.asProject({ projectId, environment }, async (unit) => {
      if (!(await isStillSo(connection, unit))) return
      const registration = await lockedIn(connection, unit)
      const before = registration.state
      const news = registration.note(finding, new Date())
      await noteFound(id, finding.found, method, unit)
      if (news) await this.#tell(unit, connection, before, finding)
    })
    this.outbox.committed()
  }

  async #tell(
    unit: Work,
    connection: Connection,
    before: FoundState | null,
    { state, reason }: Finding,
  ): Promise<void> {
    const { id, project_id: projectId, environment, provider, alias, status, version } = connection
    await this.outbox.add(unit, [
      {
        // Told in the transaction of the one change, under the lock of its row.
        id: newId(),
        projectId,
        environment,
        connectionId: id,
        provider,
        eventId: null,
        type: 'connection.changed',
        subject: id,
        occurredAt: new Date(),
        data: {
          // Without the address: whoever reads it may deliver there.
          object: { id, provider, environment, alias, status, version, webhook: { state, reason } },
          previous: { webhook: { state: before ?? 'unknown' } },
          version,
          trust: 'confirmed',
        },
      },
    ])
  }
}

/** By hand: locked against a rotation of its address, but not against readers. */
async function isStillSo({ id, webhook_url: address }: Connection, { query }: Work): Promise<boolean> {
  const { rows } = await query<{ webhook_url: string | null }>(
    "SELECT webhook_url FROM integration_connections WHERE id = $1 AND status <> 'disconnected' FOR SHARE",
    [id],
  )
  return rows[0]?.webhook_url === address && address !== null
}

/** By hand: two looks at once may both be the first. */
async function lockedIn(connection: Connection, { em, query }: Work): Promise<WebhookRegistration> {
  const { id, project_id: projectId, environment } = connection
  await query(
    `INSERT INTO webhook_registrations (connection_id, project_id, environment) VALUES ($1, $2, $3)
     ON CONFLICT (connection_id) DO NOTHING`,
    [id, projectId, environment],
  )
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
  return em.findOneOrFail(WebhookRegistration, { connection_id: id, project_id: projectId }, lock)
}

/** The rows become what was found. What others have written of the connection stays. */
async function noteFound(
  id: string,
  found: readonly Registered[],
  method: string,
  { em }: Work,
): Promise<void> {
  const rows = await em.find(WebhookConfig, { connection_id: id, webhook_id: { $ne: null } })
  const byId = new Map(rows.map((row) => [row.webhook_id, row]))
  const seen = found.filter((one) => one.id.length <= 200 && isStorable(one.id)).slice(0, AT_MOST)
  for (const one of seen) {
    const row = byId.get(one.id) ?? new WebhookConfig(id, one.id)
    row.seen(one, method)
    em.persist(row)
  }
  const ids = new Set(seen.map((one) => one.id))
  for (const row of rows) if (row.isOurs() && !ids.has(row.webhook_id ?? '')) em.remove(row)
}
