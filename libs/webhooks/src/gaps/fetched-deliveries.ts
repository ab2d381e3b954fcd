import { Injectable } from '@nestjs/common'
import { WebhookTargets } from '@app/connections'
import { Delivery, type Missed } from '@app/connector-kit'
import { Ingest } from '../ingest/ingest.ts'

/**
 * `found`: it is an event now. `arrived`: it has come by itself meanwhile. `gone`: the provider no longer has it, or the
 * connection takes no deliveries any more.
 */
export type Fetched = 'found' | 'arrived' | 'gone'

/** A delivery that never came is fetched from its provider, and kept and recorded like one that came. */
@Injectable()
export class FetchedDeliveries {
  constructor(
    private readonly targets: WebhookTargets,
    private readonly ingest: Ingest,
  ) {}

  /** Throws what the provider, the store or the database could not do; then nothing is recorded. */
  async fetch(connectionId: string, address: string, missed: Missed): Promise<Fetched> {
    const body = await missed.body()
    if (body === null) return 'gone'
    const headers = Object.entries(missed.headers).flat()
    const delivery = new Delivery('POST', address, headers, body, new Date())
    // Asked now: its retention, and whether anything may be kept for it, may have changed while the provider answered.
    const target = await this.targets.ofConnection(connectionId)
    if (!target) return 'gone'
    if (target.refusal) throw target.refusal
    // Under another name it would be a second event as soon as the real one comes.
    if (target.connector.webhooks?.dedupeKey(delivery) !== missed.dedupeKey) throw new NamedOtherwise()
    const { duplicate } = await this.ingest.keep(target, delivery, null, 'fetched')
    return duplicate ? 'arrived' : 'found'
  }
}

/** What was fetched is not what was listed. */
export class NamedOtherwise extends Error {
  constructor() {
    super('what was fetched has another dedup key than what was listed')
    this.name = 'NamedOtherwise'
  }
}
