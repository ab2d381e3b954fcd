import { Injectable, Logger, type OnModuleInit } from '@nestjs/common'
import type { Known } from '@app/connections'
import type { Caller } from '@app/http'
import { Tasks, type Turn } from '@app/jobs'
import { connectors } from '@app/providers'
import { errorFields } from '@app/secrets'
import { DueRegistrations } from './due-registrations.ts'
import { isDrift } from './registration-state.ts'
import { Registrations } from './registrations.ts'

/** The task looks often, each connection has its turn once in six hours: so the checks are spread over them. */
const LOOK_EVERY_SECONDS = 300
/** Connections that are asked about at once. */
const AT_ONCE = 4
const PAGE = 50

/** Looks whether providers still know where to deliver. Mends nothing, but where a connection's config says so. */
@Injectable()
export class RegistrationChecks implements OnModuleInit {
  private readonly logger = new Logger('registrations')

  constructor(
    private readonly tasks: Tasks,
    private readonly due: DueRegistrations,
    private readonly registrations: Registrations,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'webhook-registrations',
      everySeconds: LOOK_EVERY_SECONDS,
      run: (turn) => this.run(turn),
    })
  }

  async run({ signal, byHand }: Turn): Promise<Record<string, number>> {
    const counts = { checked: 0, drifted: 0, mended: 0, failed: 0 }
    const taken = this.#taken(byHand)
    // Workers with one list between them: a provider that hangs occupies one, and the others go on.
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        const { value: known, done } = await taken.next()
        if (done) return
        const outcome = await this.#check(known, signal)
        if (outcome === 'failed') counts.failed++
        else counts.checked++
        if (outcome === 'mended') counts.mended++
        if (outcome === 'drifted') counts.drifted++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return counts
  }

  async #check(
    { id, project_id: projectId, environment }: Known,
    signal: AbortSignal,
  ): Promise<'in_order' | 'drifted' | 'mended' | 'failed'> {
    const caller: Caller = { ...PLATFORM, projectId, environment }
    try {
      const { state, canBeMended, connection } = await this.registrations.check(caller, projectId, id, signal)
      if (!isDrift(state)) return 'in_order'
      if (!canBeMended || connection.config.mend_webhook !== true) return 'drifted'
      const mended = await this.registrations.mend(caller, projectId, id, signal)
      return isDrift(mended.state) ? 'drifted' : 'mended'
    } catch (error) {
      if (!signal.aborted)
        this.logger.warn({
          msg: 'a registration could not be checked',
          connection: id,
          ...errorFields(error),
        })
      return 'failed'
    }
  }

  async *#taken(all: boolean): AsyncGenerator<Known, undefined> {
    const providers = connectors
      .filter(({ webhooks }) => typeof webhooks?.registration === 'object')
      .map(({ manifest }) => manifest.id)
    let after = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const page = await this.due.take(after, providers, { all, most: PAGE })
      if (page.length === 0) return
      yield* page
      after = page.at(-1)?.id ?? after
    }
  }
}

const PLATFORM = { id: 'platform', isAdmin: false, scopes: [], address: '' }
