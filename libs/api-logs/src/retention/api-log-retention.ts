import { Injectable } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database } from '@app/database'
import { removeOldRows } from '@app/jobs'

const LOGS = { table: 'integration_api_logs', at: 'created_at' }

/** Rows go when their time is over: RETENTION_API_LOGS, or sooner where a project wishes so. */
@Injectable()
export class ApiLogRetention {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  async removeOld(signal: AbortSignal): Promise<number> {
    const platform = this.settings.get('RETENTION_API_LOGS')
    let removed = await removeOldRows(this.database, { ...LOGS, olderThanSeconds: platform }, signal)
    for (const { projectId, wish } of await this.#wishes()) {
      const olderThanSeconds = durationSeconds(wish)
      if (olderThanSeconds >= platform) continue
      removed += await removeOldRows(this.database, { ...LOGS, projectId, olderThanSeconds }, signal)
    }
    return removed
  }

  #wishes(): Promise<{ projectId: string; wish: string }[]> {
    return this.database.query(
      `SELECT project_id AS "projectId", retention ->> 'api_logs' AS wish FROM project_settings WHERE retention ? 'api_logs'`,
    )
  }
}
