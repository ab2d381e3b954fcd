import { Injectable } from '@nestjs/common'
import { Database } from '@app/database'
import { KeyRing, type Place } from '@app/secrets'
import { LRUCache } from 'lru-cache'
import { parse as bytesOfUuid, v7 } from 'uuid'
import { BodyGone } from './body-store.ts'

export interface BodyKey {
  id: string
  /** The id as the 16 bytes that stand in front of each body. */
  idBytes: Uint8Array
  key: Buffer
}

interface KeyRow extends Record<string, unknown> {
  id: string
  project_id: string
  wrapped_key: unknown
}

/**
 * A data key a project and month, under which its bodies are encrypted. Destroying a project's keys is the proof
 * that its bodies are gone, wherever copies may lie.
 */
@Injectable()
export class BodyKeys {
  readonly #current = new LRUCache<string, Promise<BodyKey>>({ max: 10_000, ttl: 60_000 })
  readonly #byId = new LRUCache<string, BodyKey>({ max: 1_000, ttl: 60_000 })

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
  ) {}

  /** The key for new bodies of a project. On two replicas at once the row that came first decides for both. */
  current(projectId: string): Promise<BodyKey> {
    const month = `${new Date().toISOString().slice(0, 7)}-01`
    const slot = `${projectId} ${month}`
    let key = this.#current.get(slot)
    if (!key) {
      key = this.#ofMonth(projectId, month)
      this.#current.set(slot, key)
      key.catch(() => this.#current.delete(slot))
    }
    return key
  }

  async byId(id: string, projectId: string): Promise<BodyKey> {
    const slot = `${projectId} ${id}`
    const cached = this.#byId.get(slot)
    if (cached) return cached
    const [row] = await this.database.query<KeyRow>(
      'SELECT id, project_id, wrapped_key FROM body_keys WHERE id = $1 AND project_id = $2 AND wrapped_key IS NOT NULL',
      [id, projectId],
    )
    if (!row) throw new BodyGone()
    const key = this.#opened(row)
    this.#byId.set(slot, key)
    return key
  }

  /** Wipes a project's keys: nothing of its bodies can be read any more, and the rows say since when. */
  async destroy(projectId: string): Promise<void> {
    await this.database.query(
      'UPDATE body_keys SET wrapped_key = NULL, destroyed_at = now() WHERE project_id = $1 AND wrapped_key IS NOT NULL',
      [projectId],
    )
    this.#current.clear()
    this.#byId.clear()
  }

  async #ofMonth(projectId: string, month: string): Promise<BodyKey> {
    const id = v7()
    const { wrapped } = this.keyRing.newDataKey(placeOf(id, projectId))
    const [row] = await this.database.query<KeyRow>(
      `WITH made AS (
         INSERT INTO body_keys (id, project_id, month, wrapped_key) VALUES ($1, $2, $3, $4)
         ON CONFLICT (project_id, month) DO NOTHING RETURNING id, project_id, wrapped_key)
       SELECT * FROM made UNION ALL
       SELECT id, project_id, wrapped_key FROM body_keys WHERE project_id = $2 AND month = $3`,
      [id, projectId, month, wrapped],
    )
    // Another replica's row that was committed after our snapshot: a second look sees it.
    return row ? this.#opened(row) : this.#ofMonth(projectId, month)
  }

  #opened(row: KeyRow): BodyKey {
    if (row.wrapped_key === null) throw new BodyGone()
    const place = placeOf(row.id, row.project_id)
    return { id: row.id, idBytes: bytesOfUuid(row.id), key: this.keyRing.openDataKey(row.wrapped_key, place) }
  }
}

export function placeOf(id: string, projectId: string): Place {
  return { table: 'body_keys', column: 'wrapped_key', owner: [projectId, id] }
}
