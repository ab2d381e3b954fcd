import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database } from '@app/database'
import { Tasks } from '@app/jobs'

/** Sign-ins that nobody came back from. It moves to the room of OAuth when that is built (issue 6). */
@Injectable()
export class ExpiredStates implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'oauth-cleanup',
      everySeconds: 600,
      run: async () => ({ removed: await this.remove() }),
    })
  }

  async remove(): Promise<number> {
    const [row] = await this.database.query<{ n: number }>('SELECT cleanup_expired_oauth_states() AS n')
    return row?.n ?? 0
  }
}
