import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database } from '@app/database'
import { removeOldRows, Tasks } from '@app/jobs'
import { KEPT_HOURS } from '../claim/claims.ts'

/** Keys whose time is over. One that is open stays until somebody settles it. */
@Injectable()
export class KeyRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'idempotency_keys',
      run: async ({ signal }) => ({ removed: await this.removeOld(signal) }),
    })
  }

  removeOld(signal: AbortSignal): Promise<number> {
    return removeOldRows(
      this.database,
      {
        table: 'idempotency_keys',
        // None expires sooner, so only ids that are as old are looked at.
        at: 'created_at',
        olderThanSeconds: KEPT_HOURS * 3_600,
        only: "expires_at <= now() AND status <> 'open'",
      },
      signal,
    )
  }
}
