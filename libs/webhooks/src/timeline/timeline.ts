import { Injectable } from '@nestjs/common'
import type { Tenant } from '@app/database'
import type { DeliverySummary, TimelineEntry } from './timeline.api.ts'

/** What a room upstairs knows of an event of this tenant's, in any order. It bounds what it tells. */
export type TimelineSource = (tenant: Tenant, eventId: string) => Promise<readonly TimelineEntry[]>
/** How far what was made of an event is on its way, a line a destination. */
export type DeliveriesSource = (tenant: Tenant, eventId: string) => Promise<readonly DeliverySummary[]>

/** What happened to an event after it left this room. Whoever knows of it says so here when it starts. */
@Injectable()
export class Timeline {
  readonly #sources: TimelineSource[] = []
  #deliveries: DeliveriesSource = () => Promise.resolve([])

  add(source: TimelineSource): void {
    this.#sources.push(source)
  }

  /** For the one room that sends. */
  addDeliveries(source: DeliveriesSource): void {
    this.#deliveries = source
  }

  /** One source after another: a page that is looked at does not take many connections to the database. */
  async of(tenant: Tenant, eventId: string): Promise<TimelineEntry[]> {
    const entries: TimelineEntry[] = []
    for (const source of this.#sources) entries.push(...(await source(tenant, eventId)))
    return entries
  }

  deliveriesOf(tenant: Tenant, eventId: string): Promise<readonly DeliverySummary[]> {
    return this.#deliveries(tenant, eventId)
  }
}
