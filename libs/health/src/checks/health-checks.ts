import { Injectable, Logger, type OnModuleInit } from '@nestjs/common'
import { type Known, Verification } from '@app/connections'
import { Tasks, type Turn } from '@app/jobs'
import { errorFields } from '@app/secrets'
import { DueConnections } from './due-connections.ts'

/** The task looks often, each connection has its turn once an interval: so the checks are spread over it. */
const LOOK_EVERY_SECONDS = 10
/** Calls under way at once. None of them holds a connection to the database. */
const AT_ONCE = 16

/** Asks providers whether their connections are well, each in its turn. */
@Injectable()
export class HealthChecks implements OnModuleInit {
  private readonly logger = new Logger('health')

  constructor(
    private readonly tasks: Tasks,
    private readonly due: DueConnections,
    private readonly verification: Verification,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'health-checks',
      everySeconds: LOOK_EVERY_SECONDS,
      run: (turn) => this.run(turn),
    })
  }

  async run({ signal, byHand }: Turn): Promise<Record<string, number>> {
    const taken = byHand ? this.#everyone() : this.#whoIsDue()
    let checked = 0
    let failed = 0
    // Workers with one list between them: a provider that hangs occupies one, and the others go on.
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        const { value: known, done } = await taken.next()
        if (done) return
        if (await this.check(known, signal)) checked++
        else failed++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return { checked, failed }
  }

  /** Whether it could be asked at all; what it answered is written where it belongs. */
  async check(known: Known, signal: AbortSignal): Promise<boolean> {
    try {
      await this.verification.byItself(known, signal)
      return true
    } catch (error) {
      this.logger.warn({
        msg: 'a connection could not be checked',
        connection: known.id,
        ...errorFields(error),
      })
      return false
    }
  }

  async *#whoIsDue(): AsyncGenerator<Known, undefined> {
    for (;;) {
      const batch = await this.due.take(AT_ONCE)
      if (batch === null) return
      yield* batch
    }
  }

  async *#everyone(): AsyncGenerator<Known, undefined> {
    let after = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const batch = await this.due.takeAfter(after, AT_ONCE)
      if (batch === null) return
      yield* batch
      after = batch.at(-1)?.id ?? after
    }
  }
}
