import { Injectable } from '@nestjs/common'
import { Database, type Sql, type Tenant } from '@app/database'
import { type Caller, keyOfCursor, limitOf, newId, NotFound, UUID_KEY } from '@app/http'
import { Outbox } from '@app/outbox'
import { AuditLog } from '@app/projects'
import { NotNow } from '../destinations.problems.ts'
import type { Attempt, DeliveriesQuery, ListedDelivery } from './delivery.api.ts'

/** The questions about deliveries. Every one has an owner. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly audit: AuditLog,
  ) {}

  /** By hand: what is asked of a delivery and what is asked of its event, in one join. */
  async list(caller: Caller, projectId: string, query: DeliveriesQuery): Promise<ListedDelivery[]> {
    const after = keyOfCursor(query, projectId, UUID_KEY)
    const tenant = { projectId, environment: caller.environment }
    const { text, values } = questionOf(tenant, query, after)
    return this.database.asProject(tenant, async (unit) => {
      const { rows } = await unit.query<ListedDelivery & Record<string, unknown>>(text, values)
      return rows
    })
  }

  async get(
    caller: Caller,
    projectId: string,
    id: string,
  ): Promise<{ delivery: ListedDelivery; tries: Attempt[] }> {
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, async (unit) => {
      const delivery = await deliveryIn(unit, tenant, id)
      const { rows } = await unit.query<Attempt & Record<string, unknown>>(
        `SELECT attempt, outcome, response_status, response_excerpt, duration_ms, at FROM delivery_attempts
         WHERE delivery_id = $1 AND project_id = $2 ORDER BY at, attempt`,
        [id, projectId],
      )
      return { delivery, tries: rows }
    })
  }

  /** The same event to the same destination once more: a delivery of its own, with attempts of its own. */
  async resend(caller: Caller, projectId: string, id: string): Promise<ListedDelivery> {
    const tenant = { projectId, environment: caller.environment }
    const again = await this.database.asProject(tenant, async (unit) => {
      const { destination_id: destination } = await deliveryIn(unit, tenant, id)
      const { rows } = await unit.query<{ status: string; ordered: boolean }>(
        'SELECT status, ordered FROM destinations WHERE id = $1 FOR SHARE',
        [destination],
      )
      const [{ status, ordered } = { status: 'deleted', ordered: false }] = rows
      if (status !== 'enabled') throw NotNow({ values: { status } })
      const newOne = newId()
      await unit.query(
        `INSERT INTO destination_deliveries (id, project_id, environment, destination_id, outgoing_event_id, order_key, replay_id)
         SELECT $2, w.project_id, w.environment, w.destination_id, w.outgoing_event_id, CASE WHEN $4 THEN e.subject END, $3
         FROM destination_deliveries w JOIN outgoing_events e ON e.id = w.outgoing_event_id WHERE w.id = $1`,
        [id, newOne, newId(), ordered],
      )
      await this.audit.by(caller, 'delivery.resent', id, { delivery: newOne }, projectId, unit)
      return deliveryIn(unit, tenant, newOne)
    })
    this.outbox.committed()
    return again
  }
}

/** Some ids are made by our clock, all times by the database's. */
const SLACK_MS = 5_000

/** The least id that a row made in this millisecond can have (UUIDv7). */
function leastIdAt(ms: number): string {
  const time = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}

const LISTED = `
  SELECT w.id, w.destination_id, w.environment, w.outgoing_event_id, w.replay_id, w.status, w.retry_count, w.error_message,
    w.next_retry_at, w.delivered_at, w.created_at, e.type, e.subject, e.provider, e.event_id
  FROM destination_deliveries w JOIN outgoing_events e ON e.id = w.outgoing_event_id`

async function deliveryIn(
  { query }: Sql,
  { projectId, environment }: Tenant,
  id: string,
): Promise<ListedDelivery> {
  const { rows } = await query<ListedDelivery & Record<string, unknown>>(
    `${LISTED} WHERE w.id = $1 AND w.project_id = $2 AND ($3::integration_environment IS NULL OR w.environment = $3)`,
    [id, projectId, environment ?? null],
  )
  const [delivery] = rows
  if (!delivery) throw NotFound()
  return delivery
}

function questionOf(
  { projectId, environment }: Tenant,
  query: DeliveriesQuery,
  after: string | null,
): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const conditions: string[] = []
  const only = (value: unknown, condition: (at: string) => string): void => {
    if (value === undefined || value === null) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  only(projectId, (at) => `w.project_id = ${at}`)
  only(environment, (at) => `w.environment = ${at}`)
  only(query.destination_id, (at) => `w.destination_id = ${at}`)
  only(query.status, (at) => `w.status = ${at}`)
  // Ours, or the delivery of the provider that it came from.
  only(
    query.event_id,
    (at) => `w.outgoing_event_id IN (SELECT id FROM outgoing_events WHERE id = ${at} OR event_id = ${at})`,
  )
  only(query.type, (at) => `e.type = ${at}`)
  // Ids lie in the order of time, and the indexes in the order of ids: so a time is found by them.
  only(query.from, (at) => `w.created_at >= ${at}`)
  only(query.from && leastIdAt(Date.parse(query.from) - SLACK_MS), (at) => `w.id >= ${at}`)
  only(query.to, (at) => `w.created_at < ${at}`)
  only(query.to && leastIdAt(Date.parse(query.to) + SLACK_MS), (at) => `w.id < ${at}`)
  only(after, (at) => `w.id < ${at}`)
  values.push(limitOf(query) + 1)
  const text = `${LISTED} WHERE ${conditions.join(' AND ')} ORDER BY w.id DESC LIMIT $${values.length}`
  return { text, values }
}
