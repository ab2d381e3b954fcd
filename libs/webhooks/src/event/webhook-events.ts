import { Injectable } from '@nestjs/common'
import { BodyReferences } from '@app/bodies'
import { Database } from '@app/database'
import { type Caller, keyOfCursor, limitOf, NotFound, pageQuery, UUID_KEY } from '@app/http'
import { validate } from 'uuid'
import { z } from 'zod'

export const eventsQuery = z.strictObject({
  ...pageQuery,
  connection_id: z.uuid().optional(),
  provider: z.string().max(60).optional(),
  type: z.string().max(120).optional(),
  status: z.enum(['pending', 'processing', 'completed', 'failed', 'retrying', 'dead_letter']).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  q: z.string().min(1).max(300).optional(),
})
export type EventsQuery = z.infer<typeof eventsQuery>

export interface EventRow extends Record<string, unknown> {
  id: string
  connection_id: string
  project_id: string
  environment: string
  provider: string
  event_type: string | null
  event_id: string | null
  headers: Record<string, string>
  raw_body_url: string | null
  event_hash: string
  body_size: number
  trust: string | null
  status: string
  data: unknown
  retry_count: number
  body_expires_at: Date | null
  source_ip: string | null
  user_agent: string | null
  created_at: Date
  processed_at: Date | null
  error_message: string | null
}

/** The questions about events. Every one has an owner. */
@Injectable()
export class WebhookEvents extends BodyReferences {
  constructor(private readonly database: Database) {
    super()
  }

  async list(caller: Caller, projectId: string, query: EventsQuery): Promise<EventRow[]> {
    return this.database.asProject({ projectId, environment: caller.environment }, async (sql) => {
      const { rows } = await sql.query<EventRow>(
        `SELECT * FROM integration_events WHERE project_id = $1
           AND ($2::text IS NULL OR environment::text = $2) AND ($3::uuid IS NULL OR connection_id = $3)
           AND ($4::text IS NULL OR provider::text = $4) AND ($5::text IS NULL OR event_type = $5)
           AND ($6::text IS NULL OR status::text = $6) AND ($7::timestamptz IS NULL OR created_at >= $7)
           AND ($8::timestamptz IS NULL OR created_at < $8)
           AND ($9::text IS NULL OR event_id = $9 OR id = $10) AND ($11::uuid IS NULL OR id < $11)
         ORDER BY id DESC LIMIT $12`,
        [
          projectId,
          caller.environment,
          query.connection_id ?? null,
          query.provider ?? null,
          query.type ?? null,
          query.status ?? null,
          query.from ?? null,
          query.to ?? null,
          query.q ?? null,
          query.q && validate(query.q) ? query.q : null,
          keyOfCursor(query, UUID_KEY),
          limitOf(query) + 1,
        ],
      )
      return rows
    })
  }

  async get(caller: Caller, projectId: string, id: string): Promise<EventRow> {
    return this.database.asProject({ projectId, environment: caller.environment }, async (sql) => {
      const { rows } = await sql.query<EventRow>(
        'SELECT * FROM integration_events WHERE id = $1 AND project_id = $2 AND ($3::text IS NULL OR environment::text = $3)',
        [id, projectId, caller.environment],
      )
      const [row] = rows
      if (!row) throw NotFound()
      return row
    })
  }

  /**
   * Rows written around the object's time are few: ids are in the order of their making. Only the key at the end of
   * the address counts: a store that was moved still holds what older rows name by its old address.
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

export function presentEvent(row: EventRow): Record<string, unknown> {
  return {
    id: row.id,
    connection_id: row.connection_id,
    provider: row.provider,
    environment: row.environment,
    type: row.event_type,
    provider_event_id: row.event_id,
    status: row.status,
    trust: row.trust,
    attempts: row.retry_count,
    body: { size: row.body_size, sha256: row.event_hash, expires_at: row.body_expires_at },
    headers: row.headers,
    data: row.data,
    source_ip: row.source_ip,
    user_agent: row.user_agent,
    error: row.error_message,
    created_at: row.created_at,
    processed_at: row.processed_at,
  }
}
