import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { removeOldRows, Tasks } from '@app/jobs'

/** The audit is kept for 13 months, and never for less than 12 (security.md 9.1), whatever a project would like. */
@Injectable()
export class AuditRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'audit',
      run: async ({ signal }) => ({ removed: await this.removeOld(signal) }),
    })
  }

  removeOld(signal: AbortSignal): Promise<number> {
    const rows = {
      table: 'audit_log',
      at: 'at',
      olderThanSeconds: this.settings.get('RETENTION_AUDIT'),
      only: "at < now() - interval '12 months'",
    }
    return removeOldRows(this.database, rows, signal)
  }
}
