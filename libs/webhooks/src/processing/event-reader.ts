import { Injectable } from '@nestjs/common'
import { Bodies, BodyBroken, BodyGone, BodyStoreUnavailable } from '@app/bodies'
import { type Connector, Delivery, type Observation } from '@app/connector-kit'
import { connectorOf } from '@app/providers'
import { AttemptFailed, type EventUnderWork } from './event-work.ts'
import { RecentBodies } from './recent-bodies.ts'

/** What an event says; null: its body is gone, and what was understood of it before is all there is. */
export type Reading = { connector: Connector; observations: Observation[] } | null

/** From a row to what it says: the body as it came, and the connector's reading of it. */
@Injectable()
export class EventReader {
  constructor(
    private readonly bodies: Bodies,
    private readonly recent: RecentBodies,
  ) {}

  async read(event: EventUnderWork): Promise<Reading> {
    const connector = connectorOf(event.provider)
    if (!connector?.webhooks) throw new AttemptFailed('no_connector')
    const body = await this.#bodyOf(event)
    if (body === null) {
      if (event.data === null) throw new AttemptFailed('body_expired', { permanent: true })
      return null
    }
    const delivery = deliveryOf(event, body, connector.webhooks.methods)
    const observations = normalised(connector, delivery)
    // What was verified is kept even if it is no JSON; here is where that shows.
    if (
      observations.length === 0 &&
      body.length > 0 &&
      isMeantAsJson(delivery) &&
      delivery.json() === undefined
    )
      throw new AttemptFailed('unreadable_body', { permanent: true })
    return { connector, observations }
  }

  async #bodyOf(event: EventUnderWork): Promise<Buffer | null> {
    const recent = this.recent.take(event.id)
    if (recent) return recent
    const { id, project_id: projectId, environment, raw_body_url: url, body_expires_at: expiry } = event
    if (url === null || expiry === null || expiry <= new Date()) return null
    try {
      return await this.bodies.read(
        url,
        { projectId, environment, id },
        { sha256: event.event_hash, size: event.body_size },
      )
    } catch (error) {
      if (error instanceof BodyGone) return null
      if (error instanceof BodyBroken) throw new AttemptFailed('body_integrity', { permanent: true })
      if (error instanceof BodyStoreUnavailable) throw new AttemptFailed('body_store_unavailable')
      throw error
    }
  }
}

/** The delivery as far as it was kept: its bytes, and the headers that are not secret. */
function deliveryOf(event: EventUnderWork, body: Buffer, methods: readonly string[] = ['POST']): Delivery {
  const headers = Object.entries(event.headers)
    .filter(([, value]) => value !== '[redacted]')
    .flat()
  return new Delivery(methods[0] ?? 'POST', '', headers, body, event.created_at)
}

/** A connector is asked not to throw; where it does, a later release may not. */
function normalised({ webhooks }: Connector, delivery: Delivery): Observation[] {
  try {
    return webhooks?.normalise(delivery) ?? []
  } catch (cause) {
    throw new AttemptFailed('connector_failed', { permanent: true, cause })
  }
}

/** Forms and XML are the connector's to read; whatever else cannot be read is broken. */
function isMeantAsJson(delivery: Delivery): boolean {
  return !/\b(form|xml|x-www-form-urlencoded)\b/i.test(delivery.header('content-type') ?? '')
}
