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
      const rows = await this.database.query<{ kid: string }>(KEYS_IN_USE)
      const missing = rows.map(({ kid }) => kid).filter((kid) => !this.keyRing.knows(kid))
      if (missing.length > 0) throw new NotReady(`ENCRYPTION_KEYS lacks ${missing.join(', ')}`)
    })
  }
}

/** There may be millions of kept answers: their index is asked for one key id after the other. */
const KEYS_IN_USE = `
  WITH RECURSIVE answers AS (
    SELECT min(response ->> 'kid') AS kid FROM idempotency_keys WHERE response IS NOT NULL
    UNION ALL
    SELECT (SELECT min(response ->> 'kid') FROM idempotency_keys
            WHERE response IS NOT NULL AND response ->> 'kid' > answers.kid)
    FROM answers WHERE answers.kid IS NOT NULL)
  SELECT credentials ->> 'kid' AS kid FROM integration_connections WHERE credentials IS NOT NULL
  UNION SELECT wrapped_key ->> 'kid' FROM body_keys WHERE wrapped_key IS NOT NULL
  UNION SELECT secrets ->> 'kid' FROM destinations WHERE secrets IS NOT NULL
  UNION SELECT kid FROM answers WHERE kid IS NOT NULL`
