import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { removeOldRows, Tasks } from '@app/jobs'

/** What became news is kept as long as events are. */
@Injectable()
export class ChangeRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'health_changes',
      run: async ({ signal }) => ({ removed: await this.removeOld(signal) }),
    })
  }

  removeOld(signal: AbortSignal): Promise<number> {
    const olderThanSeconds = this.settings.get('RETENTION_EVENTS')
    return removeOldRows(
      this.database,
      { table: 'connection_health_changes', at: 'at', olderThanSeconds },
      signal,
    )
  }
}
