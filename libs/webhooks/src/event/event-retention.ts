import { Injectable, type OnModuleInit } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database } from '@app/database'
import { type OldRows, removeOldRows, Tasks } from '@app/jobs'

/** For as long as this a delivery that comes again is known to be the same (security.md 6.3). */
const DEDUPLICATED_SECONDS = 30 * 24 * 60 * 60

const EVENTS = {
  table: 'integration_events',
  at: 'created_at',
  // What is under work belongs to its worker, and a body goes before the row that knows where it lies.
  only: "status <> 'processing' AND (body_expires_at IS NULL OR body_expires_at <= now())",
}

/** All but what tells a duplicate. */
const EMPTIED = {
  table: 'integration_events',
  at: 'created_at',
  only: `status <> 'processing' AND (data IS NOT NULL OR headers <> '{}' OR signature IS NOT NULL OR source_ip IS NOT NULL
    OR user_agent IS NOT NULL OR error_message IS NOT NULL OR error_details IS NOT NULL)`,
  instead: `data = NULL, headers = '{}', signature = NULL, source_ip = NULL, user_agent = NULL, error_message = NULL,
    error_details = NULL`,
}

/** Events past their retention go. A project may be stricter; its dedup keys then stay alone, until they are 30 days old. */
@Injectable()
export class EventRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'events',
      run: ({ signal }) => this.removeOld(signal),
    })
  }

  async removeOld(signal: AbortSignal): Promise<Record<string, number>> {
    const remove = (rows: OldRows): Promise<number> => removeOldRows(this.database, rows, signal)
    const platform = this.settings.get('RETENTION_EVENTS')
    let removed = await remove({ ...EVENTS, olderThanSeconds: platform })
    let emptied = 0
    for (const { projectId, seconds } of await this.#stricter(platform)) {
      removed += await remove({
        ...EVENTS,
        projectId,
        olderThanSeconds: Math.max(seconds, DEDUPLICATED_SECONDS),
      })
      if (seconds < DEDUPLICATED_SECONDS)
        emptied += await remove({ ...EMPTIED, projectId, olderThanSeconds: seconds })
    }
    return { removed, emptied }
  }

  async #stricter(platform: number): Promise<{ projectId: string; seconds: number }[]> {
    const rows = await this.database.query<{ project_id: string; own: string }>(
      "SELECT project_id, retention ->> 'events' AS own FROM project_settings WHERE retention ? 'events'",
    )
    return rows
      .map(({ project_id: projectId, own }) => ({ projectId, seconds: durationSeconds(own) }))
      .filter(({ seconds }) => seconds < platform)
  }
}
