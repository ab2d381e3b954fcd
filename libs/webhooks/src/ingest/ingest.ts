import { Injectable, Logger } from '@nestjs/common'
import { Bodies } from '@app/bodies'
import type { WebhookTarget } from '@app/connections'
import type { Delivery, Verdict } from '@app/connector-kit'
import { Problem, Unavailable } from '@app/http'
import { errorFields } from '@app/secrets'
import { LRUCache } from 'lru-cache'
import { EventRecorder, type Recorded } from '../event/event-recorder.ts'
import { eventOf, type EventTrust, identityOf, type NewEvent } from '../event/webhook-event.ts'
import { RecentBodies } from '../processing/recent-bodies.ts'
import { Quarantine } from '../quarantine/quarantine.ts'
import { SignatureInvalid } from '../webhooks.problems.ts'
import { Patience } from './patience.ts'

const logger = new Logger('ingest')

/** A sender must have an answer within five seconds, and never a 4xx for our own faults (security.md 1.3). */
const ANSWER_WITHIN_MS = 4_800

/** verify → keep → record. Resolves only when body and row are both durable: then 200 is true. */
@Injectable()
export class Ingest {
  /** Committed deliveries of late: a duplicate of one of these stores nothing at all. The database decides the rest. */
  readonly #recent = new LRUCache<string, string>({ max: 20_000 })
  readonly #underWay = new Map<string, Promise<Recorded>>()
  readonly #patience = new Patience(ANSWER_WITHIN_MS, unavailable)

  constructor(
    private readonly bodies: Bodies,
    private readonly events: EventRecorder,
    private readonly quarantine: Quarantine,
    private readonly recentBodies: RecentBodies,
  ) {}

  async receive(target: WebhookTarget, delivery: Delivery, sourceIp: string): Promise<Recorded> {
    const verdict = await verdictOf(target, delivery)
    if (!verdict.ok) {
      await this.quarantine.keep(target, delivery, sourceIp, verdict.reason)
      throw SignatureInvalid({ values: { reason: verdict.reason } })
    }
    return this.keep(target, delivery, sourceIp)
  }

  /** What was verified is kept byte for byte, even if nothing in it can be understood; what was fetched, as it was fetched. */
  async keep(
    target: WebhookTarget,
    delivery: Delivery,
    sourceIp: string | null,
    trust?: EventTrust,
  ): Promise<Recorded> {
    const event = eventOf(target, delivery, sourceIp, trust)
    const identity = identityOf(event)
    const first = this.#recent.get(identity)
    if (first !== undefined) return { eventId: first, duplicate: true }
    const twin = this.#underWay.get(identity)
    if (!twin) return this.#inTime(this.#store(event, identity, delivery.rawBody))
    // The twin's fate is ours: its 200 makes us a duplicate, its failure means that nothing is known to be kept.
    const { eventId } = await this.#inTime(twin)
    return { eventId, duplicate: true }
  }

  #store(event: NewEvent, identity: string, body: Buffer): Promise<Recorded> {
    const { target, id } = event
    const owner = { projectId: target.projectId, environment: target.environment, id }
    const work = this.bodies
      .keep(body, owner, target.bodyRetentionSeconds)
      .then((url) => {
        this.recentBodies.remember(id, body)
        return this.events.record(event, url)
      })
      .then((recorded) => {
        this.#recent.set(identity, recorded.eventId)
        return recorded
      })
      .finally(() => this.#underWay.delete(identity))
    this.#underWay.set(identity, work)
    return work
  }

  /** Uncertain is a failure: 503, and the sender comes again. */
  async #inTime(work: Promise<Recorded>): Promise<Recorded> {
    try {
      return await this.#patience.limit(work)
    } catch (error) {
      if (error instanceof Problem) throw error
      // Whatever the store or the database throws is ours, not the sender's.
      logger.warn({ msg: 'a delivery was not kept', ...errorFields(error) })
      throw unavailable()
    }
  }
}

export async function verdictOf(target: WebhookTarget, delivery: Delivery): Promise<Verdict> {
  const { webhooks } = target.connector
  if (!webhooks) return { ok: false, reason: 'no_secret' }
  return webhooks.verify(delivery, { secrets: target.secrets })
}

function unavailable(): Problem {
  return Unavailable({ values: { seconds: 5 }, headers: { 'retry-after': '5' } })
}
