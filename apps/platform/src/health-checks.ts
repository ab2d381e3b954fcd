import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Bodies } from '@app/bodies'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { NotReady, Readiness } from '@app/http'
import { KeyRing } from '@app/secrets'

/** What `/health/ready` asks. */
@Injectable()
export class HealthChecks implements OnModuleInit {
  constructor(
    private readonly readiness: Readiness,
    private readonly database: Database,
    private readonly bodies: Bodies,
    private readonly keyRing: KeyRing,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.readiness.add('database', async () => {
      const wrong = await this.database.shortcomings(this.settings.production)
      if (wrong.length > 0) throw new NotReady(wrong.join(', '))
    })
    this.readiness.add('migrations', async () => {
      await this.database.query('SELECT FROM body_keys LIMIT 1')
    })
    this.readiness.add('body_store', () => this.bodies.check())
    this.readiness.add('keys', async () => {
      const rows = await this.database.query<{ kid: string }>(
        `SELECT DISTINCT kid FROM (
           SELECT credentials ->> 'kid' AS kid FROM integration_connections WHERE credentials IS NOT NULL
           UNION SELECT wrapped_key ->> 'kid' FROM body_keys WHERE wrapped_key IS NOT NULL
           UNION SELECT secrets ->> 'kid' FROM destinations WHERE secrets IS NOT NULL) used`,
      )
      const missing = rows.map(({ kid }) => kid).filter((kid) => !this.keyRing.knows(kid))
      if (missing.length > 0) throw new NotReady(`ENCRYPTION_KEYS lacks ${missing.join(', ')}`)
    })
  }
}
