import { Injectable, Logger } from '@nestjs/common'
import { Bodies } from '@app/bodies'
import type { WebhookTarget } from '@app/connections'
import { Delivery, type Refusal } from '@app/connector-kit'
import { Database } from '@app/database'
import { newId } from '@app/http'
import { sha256 } from '@app/secrets'
import { RateLimiterMemory } from 'rate-limiter-flexible'

export const QUARANTINE_SECONDS = 24 * 60 * 60
const KEPT_PER_CONNECTION = 100
/** More than this a minute is an attack or a loop, and the newest ones tell no more than the first. */
const ENTRIES_PER_MINUTE = 60

interface Entry extends Record<string, unknown> {
  id: string
  raw_body_url: string
}

/** Deliveries that did not verify: for a day, the newest hundred a connection, so that a wrong secret loses nothing. */
@Injectable()
export class Quarantine {
  readonly #pace = new RateLimiterMemory({ points: ENTRIES_PER_MINUTE, duration: 60 })
  private readonly logger = new Logger('quarantine')

  constructor(
    private readonly bodies: Bodies,
    private readonly database: Database,
  ) {}

  /** Never fails the refusal that it belongs to. */
  async keep(target: WebhookTarget, delivery: Delivery, sourceIp: string, reason: Refusal): Promise<void> {
    try {
      await this.#pace.consume(target.connectionId)
    } catch {
      return
    }
    try {
      const id = newId()
      const record = packed(delivery)
      const owner = { projectId: target.projectId, environment: target.environment, id }
      const url = await this.bodies.keepAlone(record, owner, QUARANTINE_SECONDS)
      // By hand, as the bound below: an attacker decides how often this runs.
      await this.database.query(
        `INSERT INTO webhook_quarantine (id, project_id, environment, connection_id, provider, reason, raw_body_url, body_size,
           body_hash, source_ip, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          id,
          target.projectId,
          target.environment,
          target.connectionId,
          target.provider,
          reason,
          url,
          record.length,
          sha256(record).toString('hex'),
          sourceIp,
          delivery.receivedAt,
        ],
      )
      await this.#removeSurplus(target.connectionId)
    } catch (error) {
      this.logger.warn({ msg: 'a refused delivery was not kept', error: (error as Error).name })
    }
  }

  /** Whatever is older than a day, in small batches. */
  async removeOld(signal: AbortSignal): Promise<number> {
    let removed = 0
    while (!signal.aborted) {
      const batch = await this.#remove(
        `DELETE FROM webhook_quarantine WHERE id IN (
           SELECT id FROM webhook_quarantine WHERE received_at < now() - interval '24 hours' ORDER BY id LIMIT 500)
         RETURNING id, raw_body_url`,
        [],
      )
      removed += batch
      if (batch === 0) break
    }
    return removed
  }

  async #removeSurplus(connectionId: string): Promise<void> {
    await this.#remove(
      `DELETE FROM webhook_quarantine WHERE connection_id = $1 AND id < (
         SELECT id FROM webhook_quarantine WHERE connection_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)
       RETURNING id, raw_body_url`,
      [connectionId, KEPT_PER_CONNECTION - 1],
    )
  }

  async #remove(text: string, values: unknown[]): Promise<number> {
    const gone = await this.database.query<Entry>(text, values)
    for (const { raw_body_url: url } of gone) await this.bodies.remove(url)
    return gone.length
  }
}

/** Everything that verification needs, in one record: a length, method, URL and headers as JSON, then the body. */
export function packed(delivery: Delivery): Buffer {
  const headers = delivery
    .headerNames()
    .flatMap((name) => delivery.lines(name).flatMap((line) => [name, line]))
  const head = Buffer.from(JSON.stringify({ method: delivery.method, url: delivery.url, headers }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, delivery.rawBody])
}

/** The delivery as it was at its time, so that a signed timestamp is judged by the time of receipt. */
export function unpacked(record: Buffer, receivedAt: Date): Delivery {
  const end = 4 + record.readUInt32BE(0)
  const { method, url, headers } = JSON.parse(record.subarray(4, end).toString()) as {
    method: string
    url: string
    headers: string[]
  }
  return new Delivery(method, url, headers, record.subarray(end), receivedAt)
}
