import { Injectable } from '@nestjs/common'
import { BodyReferences } from '@app/bodies'
import { eventTypes } from '@app/connector-kit'
import { Database, rowsOf } from '@app/database'
import { type Caller, keyOfCursor, limitOf, NotFound, pageQuery, shownTime, UUID_KEY } from '@app/http'
import { validate } from 'uuid'
import { z } from 'zod'
import { type ListedEvent, searchEvents } from '../search/event-search.ts'
import { type Name, type Sought, statuses } from '../search/sought.ts'
import { leastIdOf } from '../search/time-of-ids.ts'
import { KeptEvent } from './kept-event.ts'
import { keptKey } from './webhook-event.ts'

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

  async list(caller: Caller, projectId: string, query: EventsQuery): Promise<ListedEvent[]> {
    const before = keyOfCursor(query, projectId, UUID_KEY)
    const { environment } = caller
    const { connection_id: connectionId, provider, type, status, from, to, q } = query
    const sought: Sought = {
      ...{ projectId, environment, connectionId, provider, status, before },
      type: type === undefined ? undefined : { word: type, isOurs: eventTypes.has(type) },
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      name: q === undefined ? undefined : nameOf(q),
    }
    return this.database.asProject({ projectId, environment }, (unit) =>
      searchEvents(unit, sought, limitOf(query) + 1),
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
      [`/${key}#`, leastIdOf(from.getTime()), leastIdOf(to.getTime() + 1)],
    )
    return row?.found ?? true
  }
}

/** Ids are written in small letters, by us; what a provider calls something is written as it likes. */
function nameOf(q: string): Name {
  const id = validate(q) ? q.toLowerCase() : null
  return { id, eventId: keptKey(q), references: [...new Set([q, id ?? q])] }
}

export function presentEvent(event: ListedEvent): Record<string, unknown> {
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
