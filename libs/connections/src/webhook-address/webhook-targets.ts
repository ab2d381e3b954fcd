import { Injectable } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import type { Connector } from '@app/connector-kit'
import { Database } from '@app/database'
import type { Problem } from '@app/http'
import { residencyProblem } from '@app/projects'
import { connectorOf } from '@app/providers'
import { Secret, sha256 } from '@app/secrets'
import { LRUCache } from 'lru-cache'
import { ConnectionChanges } from '../connection/connection-changes.ts'
import type { ConnectionRow, Environment } from '../connection/connection.ts'
import { CredentialVault, stillHonoured, type StoredCredentials } from '../credentials/credential-vault.ts'

/** Everything that is needed to take a delivery, without a question to the database. */
export interface WebhookTarget {
  connectionId: string
  projectId: string
  environment: Environment
  provider: string
  connector: Connector
  bodyRetentionSeconds: number
  /** Why nothing may be kept for it here; null as a rule. */
  refusal: Problem | null
  /** The values of a secret field that may have signed: the current one, and the one before for a day. */
  secrets(field: string): readonly Secret[]
}

interface TargetRow extends ConnectionRow {
  retention: { bodies?: string } | null
  data_residency: string[] | null
}

const NOBODY = Symbol('nobody')
const MAX_AGE_MS = 5_000

/** Who is behind a webhook address. Remembered for five seconds at most, less where a change is heard of. */
@Injectable()
export class WebhookTargets {
  readonly #known = new LRUCache<string, WebhookTarget | typeof NOBODY>({ max: 20_000, ttl: MAX_AGE_MS })
  readonly #asked = new Map<string, Promise<WebhookTarget | null>>()

  constructor(
    private readonly database: Database,
    private readonly vault: CredentialVault,
    private readonly settings: Settings,
    changes: ConnectionChanges,
  ) {
    changes.onChange(() => {
      this.#known.clear()
      this.#asked.clear()
    })
  }

  /** null: nobody, no longer, or not of this provider. */
  async find(provider: string, key: string): Promise<WebhookTarget | null> {
    if (!/^[A-Za-z0-9_-]{16,128}$/.test(key)) return null
    const slot = `${provider} ${key}`
    const known = this.#known.get(slot)
    if (known !== undefined) return known === NOBODY ? null : known
    // Many deliveries to one address that is not in memory ask once.
    let asked = this.#asked.get(slot)
    if (!asked) {
      asked = this.#ask(provider, key)
        .then((target) => {
          if (this.#asked.get(slot) === asked) this.#known.set(slot, target ?? NOBODY)
          return target
        })
        .finally(() => {
          if (this.#asked.get(slot) === asked) this.#asked.delete(slot)
        })
      this.#asked.set(slot, asked)
    }
    return asked
  }

  /** The same by the connection's id, asked afresh: for what waited in quarantine. */
  async ofConnection(id: string): Promise<WebhookTarget | null> {
    const [row] = await this.database.query<TargetRow>(
      `SELECT c.*, s.retention, s.data_residency FROM integration_connections c LEFT JOIN project_settings s ON s.project_id = c.project_id
       WHERE c.id = $1 AND c.status <> 'disconnected' AND s.deleted_at IS NULL`,
      [id],
    )
    return row ? this.#targetOf(row) : null
  }

  async #ask(provider: string, key: string): Promise<WebhookTarget | null> {
    const [row] = await this.database.query<TargetRow>(
      `SELECT c.*, s.retention, s.data_residency FROM webhook_addresses a
       JOIN integration_connections c ON c.id = a.connection_id
       LEFT JOIN project_settings s ON s.project_id = c.project_id
       WHERE a.key_hash = $1 AND c.provider::text = $2 AND c.status <> 'disconnected'
         AND (a.retires_at IS NULL OR a.retires_at > now()) AND s.deleted_at IS NULL`,
      [sha256(key), provider],
    )
    return row ? this.#targetOf(row) : null
  }

  #targetOf(row: TargetRow): WebhookTarget | null {
    const connector = connectorOf(row.provider)
    if (!connector?.webhooks) return null
    const stored = this.vault.open(row)
    const platform = this.settings.get('RETENTION_BODIES')
    const own = row.retention?.bodies
    return {
      connectionId: row.id,
      projectId: row.project_id,
      environment: row.environment,
      provider: row.provider,
      connector,
      bodyRetentionSeconds: own === undefined ? platform : Math.min(platform, durationSeconds(own)),
      refusal: residencyProblem(this.settings, row.data_residency ?? []),
      secrets: (field) => secretsOf(stored, field),
    }
  }
}

function secretsOf(stored: StoredCredentials | null, field: string): Secret[] {
  if (!stored) return []
  const sets = [stored.current, ...stillHonoured(stored).map(({ values }) => values)]
  const values = sets.map((set) => set[field]).filter((value) => value !== undefined)
  return [...new Set(values)].map((value) => Secret.of(value))
}
