import { Injectable } from '@nestjs/common'
import { ConnectorContexts, WebhookAddresses } from '@app/connections'
import { isAskable, type Missed } from '@app/connector-kit'
import { FetchedDeliveries } from './fetched-deliveries.ts'
import { GapChecks, sinceOf, type Suspect } from './gap-checks.ts'

/** What the calls are counted and logged as. */
const OPERATION = 'find-gaps'
/** Names that are compared with what arrived by one question. */
const BATCH = 100
/** What one look fetches for a connection; the next one goes on. */
const FETCHES_AT_MOST = 1_000
/** One that cannot be fetched must not hide those behind it; several, and the provider is not well. */
const TROUBLES_AT_MOST = 3

/** Counted while a look goes on, so that one which fails has still found what it found. */
export interface Tally {
  listed: number
  found: number
}

/** `done`: compared to its end. `unfinished`: there is more to fetch. `unasked`: the provider cannot be asked about it. */
export type Look = 'done' | 'unfinished' | 'unasked'

/** Looks one connection through: what its provider says was sent, less what arrived, is fetched. */
@Injectable()
export class GapSearch {
  constructor(
    private readonly contexts: ConnectorContexts,
    private readonly addresses: WebhookAddresses,
    private readonly checks: GapChecks,
    private readonly fetched: FetchedDeliveries,
  ) {}

  /** Throws where the provider refuses or does not answer, after what could be found was found. */
  async of(suspect: Suspect, tally: Tally, signal: AbortSignal): Promise<Look> {
    const lent = this.contexts.lend(suspect, OPERATION, signal)
    const own = await this.addresses.ownOf(suspect)
    const webhooks = lent?.connector.webhooks
    if (!lent || !own || !webhooks?.missed || !isAskable(webhooks, suspect.config)) return 'unasked'
    const troubles: unknown[] = []
    let [fetches, found] = [0, 0]
    for await (const batch of batchesOf(webhooks.missed(sinceOf(suspect), lent.ctx, own))) {
      tally.listed += batch.length
      const missing = await this.checks.missing(
        suspect.id,
        batch.map(({ dedupeKey }) => dedupeKey),
      )
      for (const one of batch.filter(({ dedupeKey }) => missing.has(dedupeKey))) {
        if (signal.aborted || fetches++ >= FETCHES_AT_MOST) return 'unfinished'
        const outcome = await this.fetched.fetch(suspect.id, own.url, one).catch((error: unknown) => {
          if (troubles.push(error) >= TROUBLES_AT_MOST || signal.aborted) throw error
        })
        if (outcome !== 'found') continue
        tally.found++
        found++
      }
    }
    if (troubles.length > 0) throw troubles[0]
    await this.checks.done(suspect.id, suspect.now, found)
    return 'done'
  }
}

async function* batchesOf(missed: AsyncIterable<Missed>): AsyncGenerator<Missed[], void> {
  let batch: Missed[] = []
  for await (const one of missed) {
    batch.push(one)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
