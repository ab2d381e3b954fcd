import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database } from '@app/database'
import { Tasks } from '@app/jobs'
import { Disabling } from './disabling.ts'

const HOUR_S = 3_600
const BATCH = 100

/** Destinations to which nothing has come through for five days are disabled. */
@Injectable()
export class FailingDestinations implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly disabling: Disabling,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'failing-destinations',
      everySeconds: HOUR_S,
      run: async ({ signal }) => ({ disabled: await this.disableThem(signal) }),
    })
  }

  async disableThem(signal: AbortSignal): Promise<number> {
    let disabled = 0
    while (!signal.aborted) {
      const found = await this.database.query<{ id: string; projectId: string; since: Date }>(
        `SELECT id, project_id AS "projectId", failing_since AS since FROM destinations
         WHERE status = 'enabled' AND failing_since < now() - interval '5 days' ORDER BY id LIMIT ${BATCH}`,
      )
      for (const { since, ...which } of found) {
        if (signal.aborted) break
        // One that has come through meanwhile is let be.
        const stillSo = ({ failing_since: now }: { failing_since: Date | null }): boolean =>
          now?.getTime() === since.getTime()
        if (await this.disabling.disable(which, 'failing', stillSo)) disabled++
      }
      if (found.length < BATCH) break
    }
    return disabled
  }
}
