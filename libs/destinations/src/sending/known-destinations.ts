import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database, Notices } from '@app/database'
import { LRUCache } from 'lru-cache'
import type { Address } from '../channel/channel.ts'
import type { Environment } from '../destination/destination.ts'
import { DestinationVault, type StoredSecrets } from '../signing/destination-vault.ts'

/** Everything that is needed to send something to a destination, without a question to the database. */
export interface KnownDestination {
  kind: string
  schemaMajor: number
  address: Address
  secrets: StoredSecrets
}

interface Row extends Record<string, unknown> {
  id: string
  project_id: string
  environment: Environment | null
  kind: string
  url: string
  config: Record<string, unknown>
  schema_major: number
  version: number
  secrets: unknown
}

const MAX_AGE_MS = 5_000

/** Destinations as they are now. Remembered for five seconds at most, less where a change is heard of. */
@Injectable()
export class KnownDestinations implements OnModuleInit, OnApplicationShutdown {
  // What is under way is remembered with what has come of it: many deliveries to one destination ask once.
  readonly #known = new LRUCache<string, Promise<KnownDestination | null>>({ max: 5_000, ttl: MAX_AGE_MS })
  readonly #notices: Notices

  constructor(
    private readonly database: Database,
    private readonly vault: DestinationVault,
    private readonly settings: Settings,
  ) {
    const forget = (): void => {
      this.#known.clear()
    }
    this.#notices = new Notices(
      database.url,
      'wasl_changed',
      (what) => {
        if (what === 'destinations') forget()
      },
      forget,
    )
  }

  /** Only who sends listens: it costs a connection. */
  async onModuleInit(): Promise<void> {
    if (this.settings.runs('worker')) await this.#notices.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#notices.close()
  }

  /** null: it is deleted. Rejects where its secrets cannot be opened, or the database not be asked. */
  find(id: string): Promise<KnownDestination | null> {
    const known = this.#known.get(id)
    if (known) return known
    const asked = this.#ask(id)
    this.#known.set(id, asked)
    asked.catch(() => {
      if (this.#known.peek(id) === asked) this.#known.delete(id)
    })
    return asked
  }

  /** By hand: the platform asks, of any project. */
  async #ask(id: string): Promise<KnownDestination | null> {
    const [row] = await this.database.query<Row>(
      `SELECT id, project_id, environment, kind, url, config, schema_major, version, secrets
       FROM destinations WHERE id = $1 AND status <> 'deleted'`,
      [id],
    )
    const secrets = row ? this.vault.open(row) : null
    if (!row || !secrets) return null
    const { kind, schema_major: schemaMajor, version, url, config } = row
    const { credentials } = secrets
    return { kind, schemaMajor, secrets, address: { destinationId: id, version, url, config, credentials } }
  }
}
