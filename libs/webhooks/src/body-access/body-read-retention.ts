import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { removeOldRows, Tasks } from '@app/jobs'

/** Who read which body is kept for 13 months; the table itself refuses to forget anything younger than 12. */
@Injectable()
export class BodyReadRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'body_reads',
      run: async ({ signal }) => ({ removed: await this.removeOld(signal) }),
    })
  }

  removeOld(signal: AbortSignal): Promise<number> {
    const rows = {
      table: 'webhook_access_logs',
      at: 'accessed_at',
      olderThanSeconds: this.settings.get('RETENTION_AUDIT'),
      // Twelve months of the calendar can be longer than P12M in seconds.
      only: "accessed_at < now() - interval '12 months'",
    }
    return removeOldRows(this.database, rows, signal)
  }
}
