import { Injectable, Logger, type OnModuleInit } from '@nestjs/common'
import { Tasks, type Turn } from '@app/jobs'
import { connectors } from '@app/providers'
import { errorFields } from '@app/secrets'
import { Counter } from 'prom-client'
import { GapChecks, type Suspect } from './gap-checks.ts'
import { GapSearch } from './gap-search.ts'

const gaps = new Counter({
  name: 'wasl_webhook_gaps_found_total',
  help: 'Deliveries that never arrived and were fetched',
  labelNames: ['provider'],
})

/** Connections that are looked through at once. None of them holds a connection to the database meanwhile. */
const AT_ONCE = 4
const PAGE = 50

/** Asks every provider that has a list of what it sent, and fetches what never arrived. By hand: `npm run task -- find-gaps`. */
@Injectable()
export class FindGaps implements OnModuleInit {
  private readonly logger = new Logger('gaps')

  constructor(
    private readonly tasks: Tasks,
    private readonly checks: GapChecks,
    private readonly search: GapSearch,
  ) {}

  onModuleInit(): void {
    this.tasks.add({ name: 'find-gaps', everySeconds: null, run: (turn) => this.run(turn) })
  }

  async run({ signal }: Pick<Turn, 'signal'>): Promise<Record<string, number>> {
    const counts = { connections: 0, unasked: 0, listed: 0, found: 0, failed: 0 }
    const suspects = this.#suspects()
    // Workers with one list between them: a provider that hangs occupies one, and the others go on.
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        const { value: suspect, done } = await suspects.next()
        if (done) return
        const tally = { listed: 0, found: 0 }
        const look = await this.#look(suspect, tally, signal)
        counts.connections++
        counts.listed += tally.listed
        counts.found += tally.found
        if (look === 'unasked') counts.unasked++
        if (look === 'failed') counts.failed++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return counts
  }

  async #look(
    suspect: Suspect,
    tally: { listed: number; found: number },
    signal: AbortSignal,
  ): Promise<'done' | 'unfinished' | 'unasked' | 'failed'> {
    const { id: connection, provider } = suspect
    try {
      const look = await this.search.of(suspect, tally, signal)
      if (look === 'unfinished' && !signal.aborted)
        this.logger.warn({ msg: 'more is missing; run find-gaps again', connection })
      return look
    } catch (error) {
      // What was cut off by ourselves is no failure: the next look begins where this one did.
      if (signal.aborted) return 'unfinished'
      this.logger.warn({ msg: 'a connection could not be looked through', connection, ...errorFields(error) })
      return 'failed'
    } finally {
      if (tally.found > 0) gaps.inc({ provider }, tally.found)
    }
  }

  async *#suspects(): AsyncGenerator<Suspect, undefined> {
    const providers = connectors.filter(({ webhooks }) => webhooks?.missed).map(({ manifest }) => manifest.id)
    let after = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const page = await this.checks.after(after, providers, PAGE)
      if (page.length === 0) return
      yield* page
      after = page.at(-1)?.id ?? after
    }
  }
}
