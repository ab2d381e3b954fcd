import { Injectable } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database, removeInBatches } from '@app/database'
import { boundary } from '../log/time-of-ids.ts'

const DAY_MS = 86_400_000
const SLACK_MS = 60_000

/** Rows go when their time is over: RETENTION_API_LOGS, or sooner where a project wishes so. */
@Injectable()
export class ApiLogRetention {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  async removeOld(now = new Date()): Promise<number> {
    const seconds = this.settings.get('RETENTION_API_LOGS')
    let removed = await this.#remove(now, seconds, null)
    for (const { project_id, wish } of await this.#wishes()) {
      const own = durationSeconds(wish)
      if (own < seconds) removed += await this.#remove(now, own, project_id)
    }
    return removed
  }

  /** Found by their ids, which lie in the order of time. */
  async #remove(now: Date, seconds: number, projectId: string | null): Promise<number> {
    const before = new Date(now.getTime() - seconds * 1_000)
    const old = boundary(before.getTime() + SLACK_MS, 'greatest')
    const removed = await this.#removeWhere('id <= $3', [before, projectId, old])
    // An older schema drew its ids by lot, so nearly all of them lie where the ids of years to come will.
    const drawn = boundary(now.getTime() + DAY_MS, 'greatest')
    return removed + (await this.#removeWhere('id > $3', [before, projectId, drawn]))
  }

  #removeWhere(range: string, [before, projectId, id]: [Date, string | null, string]): Promise<number> {
    const owner = projectId === null ? '$2::uuid IS NULL' : 'project_id = $2'
    const condition = `created_at < $1 AND ${owner} AND ${range}`
    return removeInBatches(
      this.database,
      { table: 'integration_api_logs', key: 'id', keyType: 'uuid', condition },
      [before, projectId, id],
    )
  }

  #wishes(): Promise<{ project_id: string; wish: string }[]> {
    return this.database.query(
      "SELECT project_id, retention ->> 'api_logs' AS wish FROM project_settings WHERE retention ->> 'api_logs' IS NOT NULL",
    )
  }
}
