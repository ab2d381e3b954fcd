import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database, type Tenant } from '@app/database'
import { type DeliverySummary, Timeline, type TimelineEntry } from '@app/webhooks'

const NEWEST = 200

/** What became of the events that were made of a webhook: told on its page. By hand: each one join over what lies by its event. */
@Injectable()
export class DeliveryTimeline implements OnModuleInit {
  constructor(
    private readonly timeline: Timeline,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.timeline.add(async (tenant, eventId) => [
      ...(await this.#made(tenant, eventId)),
      ...(await this.#tried(tenant, eventId)),
    ])
    this.timeline.addDeliveries((tenant, eventId) => this.#summaries(tenant, eventId))
  }

  async #made(tenant: Tenant, eventId: string): Promise<TimelineEntry[]> {
    const rows = await this.#ask<Extract<TimelineEntry, { what: 'delivery_made' }>>(
      tenant,
      eventId,
      `SELECT d.created_at AS at, 'delivery_made' AS what, d.id AS delivery_id, d.destination_id, d.outgoing_event_id, d.replay_id
       FROM ${DELIVERIES} ORDER BY d.created_at DESC, d.seq DESC LIMIT ${NEWEST}`,
    )
    return rows.reverse()
  }

  async #tried(tenant: Tenant, eventId: string): Promise<TimelineEntry[]> {
    const rows = await this.#ask<Extract<TimelineEntry, { what: 'delivery_tried' }>>(
      tenant,
      eventId,
      `SELECT a.at, 'delivery_tried' AS what, a.delivery_id, d.destination_id, a.attempt, a.outcome, a.response_status, a.duration_ms
       FROM ${DELIVERIES} JOIN delivery_attempts a ON a.delivery_id = d.id
       ORDER BY a.at DESC, a.id DESC LIMIT ${NEWEST}`,
    )
    return rows.reverse()
  }

  #summaries(tenant: Tenant, eventId: string): Promise<DeliverySummary[]> {
    return this.#ask<DeliverySummary>(
      tenant,
      eventId,
      `SELECT d.destination_id, min(s.name) AS name,
         (count(*) FILTER (WHERE d.status = 'delivered'))::int AS delivered,
         (count(*) FILTER (WHERE d.status IN ('pending', 'processing', 'retrying')))::int AS waiting,
         (count(*) FILTER (WHERE d.status = 'dead_letter'))::int AS dead_letter,
         (count(*) FILTER (WHERE d.status = 'cancelled'))::int AS cancelled,
         coalesce(sum(t.attempts), 0)::int AS attempts,
         (array_agg(t.outcome ORDER BY t.at DESC NULLS LAST))[1] AS last_outcome, max(t.at) AS last_attempt_at
       FROM ${DELIVERIES} LEFT JOIN destinations s ON s.id = d.destination_id
       LEFT JOIN LATERAL (
         SELECT count(*) AS attempts, max(a.at) AS at, (array_agg(a.outcome ORDER BY a.at DESC))[1] AS outcome
         FROM delivery_attempts a WHERE a.delivery_id = d.id) t ON true
       GROUP BY d.destination_id ORDER BY d.destination_id`,
    )
  }

  async #ask<Row>({ projectId, environment }: Tenant, eventId: string, text: string): Promise<Row[]> {
    return this.database.asProject({ projectId, environment }, async ({ query }) => {
      const { rows } = await query<Row & Record<string, unknown>>(text, [
        eventId,
        projectId,
        environment ?? null,
      ])
      return rows
    })
  }
}

const DELIVERIES = `(SELECT d.* FROM outgoing_events o JOIN destination_deliveries d ON d.outgoing_event_id = o.id
  WHERE o.event_id = $1 AND o.project_id = $2 AND d.project_id = $2 AND ($3::text IS NULL OR o.environment::text = $3)) d`
