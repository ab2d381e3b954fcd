import { Injectable } from '@nestjs/common'
import { Bodies } from '@app/bodies'
import { Database } from '@app/database'
import { type Caller, isStorable, shownTime } from '@app/http'
import { z } from 'zod'
import type { KeptEvent } from '../event/kept-event.ts'
import { WebhookEvents } from '../event/webhook-events.ts'
import { BodyExpired } from '../webhooks.problems.ts'
import { BodyRead } from './body-read.ts'
import { asBodyProblem } from './unreadable-body.ts'

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
    const readable = event.hasBodyAt(new Date())
    await this.#note(caller, event, reason, readable ? 'granted' : 'denied')
    if (!readable) throw BodyExpired()
    try {
      return await this.bodies.read(
        event.raw_body_url,
        { projectId, environment: event.environment, id },
        { sha256: event.event_hash, size: event.body_size },
      )
    } catch (error) {
      return asBodyProblem(error)
    }
  }

  /** A try of somebody who may not; of an event that is not there nothing is noted. */
  async noteDenied(caller: Caller, projectId: string, id: string, reason: unknown): Promise<void> {
    const event = await this.events.get(caller, projectId, id).catch(() => null)
    if (event) await this.#note(caller, event, isReason(reason) ? reason.trim() : '-', 'denied')
  }

  async log(caller: Caller, projectId: string, id: string): Promise<Record<string, unknown>[]> {
    await this.events.get(caller, projectId, id)
    const reads = await this.database
      .reader()
      .find(
        BodyRead,
        { event_id: id, project_id: projectId },
        { orderBy: { accessed_at: 'desc', id: 'desc' }, limit: 200 },
      )
    return reads.map(presentRead)
  }

  async #note(
    caller: Caller,
    { id, project_id }: KeptEvent,
    reason: string,
    outcome: BodyRead['outcome'],
  ): Promise<void> {
    await this.database.transaction(async ({ em }) => {
      em.persist(
        new BodyRead({
          event_id: id,
          project_id,
          accessed_by: caller.id,
          access_reason: reason,
          ip_address: caller.address,
          outcome,
        }),
      )
    })
  }
}

export const shownRead = z.strictObject({
  id: z.uuid(),
  event_id: z.uuid(),
  accessed_by: z.string(),
  access_reason: z.string(),
  outcome: z.enum(['granted', 'denied']),
  ip_address: z.string().nullable(),
  accessed_at: shownTime,
})

function presentRead({ project_id: _, ...read }: BodyRead): Record<string, unknown> {
  return read
}

/** What may be kept as the reason of a read. */
export function isReason(reason: unknown): reason is string {
  return typeof reason === 'string' && reason.trim() !== '' && reason.length <= 500 && isStorable(reason)
}
