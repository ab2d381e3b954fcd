import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { type Caller, newId } from '@app/http'
import type { CloudEvent } from '@app/outbox'
import { type Address, type Outcome } from '../channel/channel.ts'
import { Channels } from '../channel/channels.ts'
import type { Destination, Environment } from '../destination/destination.ts'
import { Destinations } from '../destination/destinations.ts'
import { exampleOf } from '../destination/event-filter.ts'
import { NotNow } from '../destinations.problems.ts'
import { DestinationVault } from '../signing/destination-vault.ts'
import { parcelOf } from '../signing/parcel.ts'

const TIMEOUT_MS = 20_000

export interface Tried {
  event: CloudEvent
  outcome: Outcome
  ms: number
}

/** Sends a made-up event now, signed like any other and marked as a test: once, with no consequence for anybody. */
@Injectable()
export class Trial {
  constructor(
    private readonly destinations: Destinations,
    private readonly vault: DestinationVault,
    private readonly channels: Channels,
    private readonly settings: Settings,
  ) {}

  async of(caller: Caller, projectId: string, id: string, type?: string): Promise<Tried> {
    const named = { action: 'destination.tested' }
    const destination = await this.destinations.move(caller, projectId, id, named, (one) => {
      one.onlyLive()
    })
    const stored = this.vault.open(destination)
    const channel = this.channels.of(destination.kind)
    if (!stored || !channel) throw NotNow({ values: { status: destination.status } })
    const event = this.#exampleFor(destination, caller.environment, type ?? exampleOf(destination.types))
    const started = performance.now()
    const outcome = await channel.send(
      addressOf(destination, stored.credentials),
      parcelOf(event, stored, { orderKey: null, at: new Date() }),
      AbortSignal.timeout(TIMEOUT_MS),
    )
    return { event, outcome, ms: Math.round(performance.now() - started) }
  }

  #exampleFor(destination: Destination, environment: Environment | null, type: string): CloudEvent {
    const now = new Date().toISOString()
    const id = newId()
    return {
      specversion: '1.0',
      id,
      type,
      source: `/v1/projects/${destination.project_id}/destinations/${destination.id}`,
      subject: id,
      time: now,
      recordedtime: now,
      datacontenttype: 'application/json',
      dataschema: `${this.settings.publicUrl}/schemas/events/${type}/${destination.schema_major}`,
      environment: destination.environment ?? environment ?? 'prod',
      projectid: destination.project_id,
      data: { test: true, object: { id }, trust: 'observed' },
    }
  }
}

function addressOf(destination: Destination, credentials: Record<string, string>): Address {
  const { id, version, url, config } = destination
  return { destinationId: id, version, url, config, credentials }
}
