import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { errorFields } from '@app/secrets'
import { ProcessEvents } from '../processing/process-events.ts'
import type { Replay } from './replay.ts'
import { moveAgain, nextStretch } from './replayable.ts'

const LOOK_EVERY_MS = 1_000

/**
 * Takes running replays a step further, each at its own pace. Where a replay is moves with the events of the step, in
 * one transaction: killed anywhere, it goes on where it was, and each event has one turn.
 */
@Injectable()
export class ReplayRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #busy = false
  #stopping = false
  private readonly logger = new Logger('replay')

  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
    private readonly processing: ProcessEvents,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.runs('worker')) return
    this.#timer = setInterval(() => {
      this.wake()
    }, LOOK_EVERY_MS)
  }

  wake(): void {
    if (this.#busy || this.#stopping || !this.settings.runs('worker')) return
    this.#busy = true
    this.#working = this.#steps().finally(() => {
      this.#busy = false
    })
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#timer)
    await this.#working
  }

  async #steps(): Promise<void> {
    try {
      while (!this.#stopping && (await this.step()));
    } catch (error) {
      this.logger.warn({ msg: 'a replay stands still for a moment', ...errorFields(error) })
    }
  }

  /** One step of one replay that is due; false where none is. By hand: it locks its row, so that one process has it. */
  async step(): Promise<boolean> {
    const moved = await this.database.transaction(async (unit) => {
      const { rows } = await unit.query<Replay & Record<string, unknown>>(
        `SELECT * FROM event_replays WHERE status = 'running' AND next_step_at <= now()
         ORDER BY next_step_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      )
      const [replay] = rows
      if (!replay) return null
      const walk = {
        projectId: replay.project_id,
        environment: replay.environment,
        filter: replay.filter,
        after: replay.last_event_id,
        until: replay.until_event_id,
      }
      const { ids, reached, ended } = await nextStretch(unit, walk, replay.per_second)
      const count = ids.length === 0 ? 0 : await moveAgain(unit, ids, replay.id)
      await unit.query(
        `UPDATE event_replays SET last_event_id = $2, replayed = replayed + $3,
           next_step_at = now() + $3 * interval '1 second' / per_second,
           status = CASE WHEN $4 THEN 'done' ELSE status END, finished_at = CASE WHEN $4 THEN now() END
         WHERE id = $1`,
        [replay.id, reached, count, ended],
      )
      return count
    })
    if (moved === null) return false
    if (moved > 0) this.processing.wake()
    return true
  }
}
