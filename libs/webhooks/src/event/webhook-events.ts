import { raw } from '@mikro-orm/core'
import { Injectable } from '@nestjs/common'
import { BodyReferences } from '@app/bodies'
import { Database, rowsOf } from '@app/database'
import { type Caller, keyOfCursor, limitOf, NotFound, pageQuery, shownTime, UUID_KEY } from '@app/http'
import { validate } from 'uuid'
import { z } from 'zod'
import { KeptEvent } from './kept-event.ts'

const statuses = ['pending', 'processing', 'completed', 'failed', 'retrying', 'dead_letter'] as const

export const eventsQuery = z.strictObject({
  ...pageQuery,
  connection_id: z.uuid().optional(),
  provider: z.string().max(60).optional(),
  type: z.string().max(120).optional(),
  status: z.enum(statuses).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  q: z.string().min(1).max(300).optional(),
})
export type EventsQuery = z.infer<typeof eventsQuery>

export const shownEvent = z.strictObject({
  id: z.uuid(),
  connection_id: z.uuid(),
  provider: z.string(),
  environment: z.string().nullable(),
  type: z.string().nullable(),
  provider_event_id: z.string().nullable(),
  status: z.enum(statuses),
  trust: z.string().nullable(),
  attempts: z.int(),
  body: z.strictObject({
    size: z.int().nullable(),
    sha256: z.string().nullable(),
    expires_at: shownTime.nullable(),
  }),
  headers: z.record(z.string(), z.unknown()),
  data: z.unknown(),
  source_ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  error: z.string().nullable(),
  created_at: shownTime,
  processed_at: shownTime.nullable(),
})

/** The questions about events. Every one has an owner. */
@Injectable()
export class WebhookEvents extends BodyReferences {
  constructor(private readonly database: Database) {
    super()
  }

  async list(caller: Caller, projectId: string, query: EventsQuery): Promise<KeptEvent[]> {
    const after = keyOfCursor(query, projectId, UUID_KEY)
    const { connection_id, provider, type, status, from, to, q } = query
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, ({ em }) =>
      em.find(
        KeptEvent,
        {
          ...rowsOf(tenant),
          ...(connection_id !== undefined && { connection_id }),
          // As text: a provider that the database has never heard of has no events, and is no error.
          ...(provider !== undefined && { [raw('provider::text')]: provider }),
          ...(type !== undefined && { event_type: type }),
          ...(status && { status }),
          ...((from ?? to) && { created_at: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
          ...(q !== undefined && { $or: [{ event_id: q }, ...(validate(q) ? [{ id: q }] : [])] }),
          ...(after !== null && { id: { $lt: after } }),
        },
        { orderBy: { id: 'desc' }, limit: limitOf(query) + 1 },
      ),
    )
  }

  async get(caller: Caller, projectId: string, id: string): Promise<KeptEvent> {
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, async ({ em }) => {
      const event = await em.findOne(KeptEvent, { id, ...rowsOf(tenant) })
      if (!event) throw NotFound()
      return event
    })
  }

  /**
   * Rows written around the object's time are few: ids are in the order of their making. Only the key at the end of
   * the address counts: a store that was moved still holds what older rows name by its old address. By hand: a range
   * of ids over two tables, of all projects.
   */
  async refersTo(objectUrl: string, from: Date, to: Date): Promise<boolean> {
    const key = objectUrl.split('/').slice(-4).join('/')
    const [row] = await this.database.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM integration_events WHERE id BETWEEN $2 AND $3 AND strpos(raw_body_url, $1) > 0)
           OR EXISTS (SELECT FROM webhook_quarantine WHERE id BETWEEN $2 AND $3 AND strpos(raw_body_url, $1) > 0) AS found`,
      [`/${key}#`, boundary(from, '0'), boundary(to, 'f')],
    )
    return row?.found ?? true
  }
}

/** The least or greatest UUID of a millisecond. */
function boundary(at: Date, fill: '0' | 'f'): string {
  const time = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  const rest = fill.repeat(12)
  return `${time.slice(0, 8)}-${time.slice(8)}-${fill.repeat(4)}-${fill.repeat(4)}-${rest}`
}

export function presentEvent(event: KeptEvent): Record<string, unknown> {
  return {
    id: event.id,
    connection_id: event.connection_id,
    provider: event.provider,
    environment: event.environment,
    type: event.event_type,
    provider_event_id: event.event_id,
    status: event.status,
    trust: event.trust,
    attempts: event.retry_count,
    body: { size: event.body_size, sha256: event.event_hash, expires_at: event.body_expires_at },
    headers: event.headers,
    data: event.data,
    source_ip: event.source_ip,
    user_agent: event.user_agent,
    error: event.error_message,
    created_at: event.created_at,
    processed_at: event.processed_at,
  }
}
