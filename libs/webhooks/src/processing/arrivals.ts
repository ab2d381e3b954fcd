import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database, Notices } from '@app/database'
import { errorFields } from '@app/secrets'

const CHANNEL = 'wasl_work'
const EVENTS = 'events'

/**
 * Tells whoever processes events that there are new ones: at once where that is this process, by NOTIFY where it is
 * another. What is lost on the way is found by looking.
 */
@Injectable()
export class Arrivals implements OnApplicationShutdown {
  readonly #listeners: (() => void)[] = []
  readonly #notices: Notices
  readonly #isHere: boolean
  #telling = false
  private readonly logger = new Logger('processing')

  constructor(
    private readonly database: Database,
    settings: Settings,
  ) {
    this.#isHere = settings.runs('worker')
    const wake = (): void => {
      for (const listener of this.#listeners) listener()
    }
    this.#notices = new Notices(database.url, CHANNEL, wake, wake)
  }

  /** Rows were committed. */
  tell(): void {
    if (this.#isHere) for (const listener of this.#listeners) listener()
    else if (!this.#telling) void this.#notify()
  }

  async listen(listener: () => void): Promise<void> {
    this.#listeners.push(listener)
    await this.#notices.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#notices.close()
  }

  /** One at a time, however much arrives: it says only that there is something. */
  async #notify(): Promise<void> {
    this.#telling = true
    try {
      await this.database.query('SELECT pg_notify($1, $2)', [CHANNEL, EVENTS])
    } catch (error) {
      this.logger.warn({ msg: 'nobody could be woken', ...errorFields(error) })
    } finally {
      this.#telling = false
    }
  }
}
