import { Injectable } from '@nestjs/common'
import { Bodies, BodyBroken, BodyGone, BodyStoreUnavailable } from '@app/bodies'
import { Database } from '@app/database'
import { type Caller, newId, Unavailable } from '@app/http'
import { type EventRow, WebhookEvents } from '../event/webhook-events.ts'
import { BodyExpired, BodyIntegrity } from '../webhooks.problems.ts'

/** Reading a raw body. Who, why and when is committed before the first byte: no row, no bytes (security.md 9.1). */
@Injectable()
export class BodyAccess {
  constructor(
    private readonly events: WebhookEvents,
    private readonly bodies: Bodies,
    private readonly database: Database,
  ) {}

  async read(caller: Caller, projectId: string, id: string, reason: string): Promise<Buffer> {
    const event = await this.events.get(caller, projectId, id)
    const readable =
      event.raw_body_url !== null && event.body_expires_at !== null && event.body_expires_at > new Date()
    await this.#note(caller, event, reason, readable ? 'granted' : 'denied')
    if (!readable) throw BodyExpired()
    try {
      return await this.bodies.read(
        event.raw_body_url ?? '',
        { projectId, environment: event.environment, id },
        { sha256: event.event_hash, size: event.body_size },
      )
    } catch (error) {
      if (error instanceof BodyBroken) throw BodyIntegrity()
      if (error instanceof BodyGone) throw BodyExpired()
      if (error instanceof BodyStoreUnavailable)
        throw Unavailable({ values: { seconds: 5 }, headers: { 'retry-after': '5' } })
      throw error
    }
  }

  async log(caller: Caller, projectId: string, id: string): Promise<Record<string, unknown>[]> {
    await this.events.get(caller, projectId, id)
    return this.database.query(
      `SELECT id, event_id, accessed_by, access_reason, outcome, host(ip_address) AS ip_address, accessed_at
       FROM webhook_access_logs WHERE event_id = $1 AND project_id = $2 ORDER BY accessed_at DESC, id DESC LIMIT 200`,
      [id, projectId],
    )
  }

  async #note(caller: Caller, event: EventRow, reason: string, outcome: 'granted' | 'denied'): Promise<void> {
    await this.database.transaction((sql) =>
      sql.query(
        `INSERT INTO webhook_access_logs (id, event_id, project_id, accessed_by, access_reason, ip_address, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [newId(), event.id, event.project_id, caller.id, reason, caller.address, outcome],
      ),
    )
  }
}
