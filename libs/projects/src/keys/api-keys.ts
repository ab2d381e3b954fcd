import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Database, Notices } from '@app/database'
import type { Caller, Scope } from '@app/http'
import { sameSecret, sha256 } from '@app/secrets'
import { LRUCache } from 'lru-cache'
import { type KeyEnvironment, keyIdOf } from './key-text.ts'

interface KeyRow extends Record<string, unknown> {
  id: string
  project_id: string
  environment: KeyEnvironment | null
  scopes: Scope[]
  key_hash: Buffer
  expires_at: Date | null
}

/** Who a key belongs to. Known keys are remembered for five seconds at most, less where a change is heard of. */
@Injectable()
export class ApiKeys implements OnModuleInit, OnApplicationShutdown {
  readonly #known = new LRUCache<string, KeyRow>({ max: 10_000, ttl: 5_000 })
  readonly #notices: Notices
  readonly #used = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(private readonly database: Database) {
    this.#notices = new Notices(
      database.url,
      'wasl_changed',
      (what) => {
        if (what === 'api_keys') this.#known.clear()
      },
      () => {
        this.#known.clear()
      },
    )
    this.#timer = setInterval(() => void this.#noteUses(), 30_000).unref()
  }

  async onModuleInit(): Promise<void> {
    await this.#notices.start()
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer)
    await this.#noteUses()
    await this.#notices.close()
  }

  /** The caller behind a key; null where there is none, or no longer. */
  async callerOf(text: string, address: string): Promise<Caller | null> {
    const id = keyIdOf(text)
    if (id === null) return null
    const row = this.#known.get(id) ?? (await this.#find(id))
    if (!row || !sameSecret(sha256(text), row.key_hash)) return null
    if (row.expires_at && row.expires_at.getTime() <= Date.now()) return null
    this.#known.set(id, row)
    this.#used.add(id)
    return {
      id,
      isAdmin: false,
      projectId: row.project_id,
      environment: row.environment,
      scopes: row.scopes,
      address,
    }
  }

  /** By hand: every request asks this, and learns of key and project in one question. */
  async #find(id: string): Promise<KeyRow | undefined> {
    const [row] = await this.database.query<KeyRow>(
      `SELECT k.id, k.project_id, k.environment, k.scopes, k.key_hash, k.expires_at FROM api_keys k
       LEFT JOIN project_settings s ON s.project_id = k.project_id
       WHERE k.id = $1 AND k.revoked_at IS NULL AND s.deleted_at IS NULL`,
      [id],
    )
    return row
  }

  async #noteUses(): Promise<void> {
    const ids = [...this.#used]
    this.#used.clear()
    if (ids.length === 0) return
    await this.database
      .query('UPDATE api_keys SET last_used_at = now() WHERE id = ANY ($1)', [ids])
      .catch(() => undefined)
  }
}
