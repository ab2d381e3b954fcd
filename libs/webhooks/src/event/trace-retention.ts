import { Injectable, type OnModuleInit } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database } from '@app/database'
import { removeOldRows, Tasks } from '@app/jobs'
import { leastIdOf } from '../search/time-of-ids.ts'

const BATCH = 2_000

interface Old {
  olderThanSeconds: number
  projectId?: string
}

/** What events have left beside their rows (by what they are found, attempts, replays) goes when they do. */
@Injectable()
export class TraceRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'event_traces',
      run: ({ signal }) => this.removeOld(signal),
    })
  }

  async removeOld(signal: AbortSignal): Promise<Record<string, number>> {
    const counts = { references: 0, attempts: 0, replays: 0 }
    const platform = this.settings.get('RETENTION_EVENTS')
    for (const old of [{ olderThanSeconds: platform }, ...(await this.#stricter(platform))]) {
      counts.references += await this.#removeReferences(old, signal)
      counts.attempts += await removeOldRows(
        this.database,
        { table: 'event_attempts', at: 'at', ...old },
        signal,
      )
      const ended = { table: 'event_replays', at: 'created_at', only: "status <> 'running'" }
      counts.replays += await removeOldRows(this.database, { ...ended, ...old }, signal)
    }
    return counts
  }

  /** By hand: they have no id of their own, but lie in the order of their events, which are UUIDv7. */
  async #removeReferences({ olderThanSeconds, projectId }: Old, signal: AbortSignal): Promise<number> {
    const [moment] = await this.database.query<{ cutoff: Date }>(
      'SELECT now() - make_interval(secs => $1) AS cutoff',
      [olderThanSeconds],
    )
    if (!moment) return 0
    let total = 0
    while (!signal.aborted) {
      const removed = await this.database.query(
        `DELETE FROM event_references WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM event_references WHERE event_id < $1 AND ($2::uuid IS NULL OR project_id = $2)
           LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)) RETURNING 1`,
        [leastIdOf(moment.cutoff.getTime()), projectId ?? null],
      )
      total += removed.length
      if (removed.length < BATCH) break
    }
    return total
  }

  async #stricter(platform: number): Promise<Required<Old>[]> {
    const rows = await this.database.query<{ project_id: string; own: string }>(
      "SELECT project_id, retention ->> 'events' AS own FROM project_settings WHERE retention ? 'events'",
    )
    return rows
      .map(({ project_id: projectId, own }) => ({ projectId, olderThanSeconds: durationSeconds(own) }))
      .filter(({ olderThanSeconds }) => olderThanSeconds < platform)
  }
}
