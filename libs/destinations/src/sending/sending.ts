import { Injectable } from '@nestjs/common'
import { GroupCommit } from '@app/bodies'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { envelopeOf, type OutgoingEvent } from '@app/outbox'
import { EnvelopeBroken } from '@app/secrets'
import type { Outcome } from '../channel/channel.ts'
import { Channels } from '../channel/channels.ts'
import type { Delivery } from '../delivery/delivery.ts'
import { parcelOf } from '../signing/parcel.ts'
import { type KnownDestination, KnownDestinations } from './known-destinations.ts'

/** The kind of a try that came to nothing before anything was sent. */
export const NEVER_SENT = 'none'

export interface Tried {
  /** Of the channel it went over; {@link NEVER_SENT}: over none. */
  kind: string
  outcome: Outcome
  ms: number
}

/** One try of one delivery: the event as it was written, signed for now, and what it met. */
@Injectable()
export class Sending {
  /** Events of deliveries that were claimed together are read together. */
  readonly #events: GroupCommit<string, OutgoingEvent | Missing>

  constructor(
    private readonly database: Database,
    private readonly known: KnownDestinations,
    private readonly channels: Channels,
    private readonly settings: Settings,
  ) {
    const limits = { lanes: 2, groupItems: 200, groupBytes: Infinity, waitingBytes: Infinity }
    this.#events = new GroupCommit(limits, (ids) => this.#read(ids))
  }

  async try(delivery: Delivery, signal: AbortSignal): Promise<Tried> {
    const [event, known] = await Promise.all([
      this.#events.add(delivery.outgoing_event_id, 0),
      this.#destinationOf(delivery),
    ])
    if (event === 'missing') return never('event_gone')
    if (known === null) return never('destination_gone')
    if (known === 'unreadable') return { kind: NEVER_SENT, outcome: later('secrets_unreadable'), ms: 0 }
    const { kind, address, secrets, schemaMajor } = known
    const channel = this.channels.of(kind)
    if (!channel) return { kind: NEVER_SENT, outcome: later('unknown_kind'), ms: 0 }
    const envelope = envelopeOf(event, this.settings.publicUrl, schemaMajor)
    const parcel = parcelOf(envelope, secrets, { orderKey: delivery.order_key, at: new Date() })
    const started = performance.now()
    const outcome = await channel.send(address, parcel, signal).catch(() => later('channel_failed'))
    return { kind, outcome, ms: Math.round(performance.now() - started) }
  }

  /** A key that is missing is put back, and an envelope from a backup too: tried again, like all that may mend. */
  async #destinationOf({ destination_id }: Delivery): Promise<KnownDestination | 'unreadable' | null> {
    try {
      return await this.known.find(destination_id)
    } catch (error) {
      if (error instanceof EnvelopeBroken) return 'unreadable'
      throw error
    }
  }

  async #read(ids: string[]): Promise<(OutgoingEvent | Missing)[]> {
    const rows = await this.database.query<OutgoingEvent & Record<string, unknown>>(
      'SELECT * FROM outgoing_events WHERE id = ANY ($1)',
      [ids],
    )
    const byId = new Map(rows.map((row) => [row.id, row]))
    return ids.map((id) => byId.get(id) ?? 'missing')
  }
}

/** Its retention is over. */
type Missing = 'missing'

function later(code: string): Outcome {
  return { code, delivered: false }
}

function never(code: string): Tried {
  return { kind: NEVER_SENT, outcome: { code, delivered: false, permanent: true }, ms: 0 }
}
