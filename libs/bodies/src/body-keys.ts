import type { KeyObject } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { Database } from '@app/database'
import { KeyRing, type Place } from '@app/secrets'
import { LRUCache } from 'lru-cache'
import { parse as bytesOfUuid, v7 } from 'uuid'
import { BodyBroken, BodyGone } from './body-store.ts'

export interface BodyKey {
  id: string
  /** The id as the 16 bytes that stand in front of each body. */
  idBytes: Uint8Array
  key: KeyObject
}

interface KeyRow extends Record<string, unknown> {
  id: string
  project_id: string
  wrapped_key: unknown
}

interface InUse {
  key: Promise<BodyKey>
  uses: number
  since: number
}

const RENEWED_AFTER = '30 days'
/** How long another replica may go on with a key that was destroyed or renewed. */
const TRUSTED_FOR_MS = 60_000

/**
 * A data key a project, renewed monthly, under which its bodies are encrypted. Destroying a project's keys is the
 * proof that its bodies are gone, wherever copies may lie.
 */
@Injectable()
export class BodyKeys {
  /** By one process; the random IVs of GCM carry 2^32 uses of a key, over all processes and the whole month. */
  protected readonly usesAtMost: number = 2 ** 26
  readonly #current = new LRUCache<string, InUse>({ max: 10_000 })
  readonly #byId = new LRUCache<string, BodyKey>({ max: 1_000, ttl: TRUSTED_FOR_MS })

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
  ) {}

  /** The key for new bodies of a project. On two replicas at once the row that came first decides for both. */
  current(projectId: string): Promise<BodyKey> {
    const inUse = this.#current.get(projectId)
    const isWorn = inUse !== undefined && inUse.uses >= this.usesAtMost
    if (inUse && !isWorn && performance.now() - inUse.since < TRUSTED_FOR_MS) {
      inUse.uses++
      return inUse.key
    }
    const fresh: InUse = {
      key: this.#find(projectId, isWorn ? inUse.key : undefined),
      uses: isWorn ? 1 : (inUse?.uses ?? 0) + 1,
      since: performance.now(),
    }
    this.#current.set(projectId, fresh)
    fresh.key.catch(() => {
      if (this.#current.peek(projectId) === fresh) this.#current.delete(projectId)
    })
    return fresh.key
  }

  /** {@link BodyGone}: it was destroyed. {@link BodyBroken}: the project never had it. */
  async byId(id: string, projectId: string): Promise<BodyKey> {
    const slot = `${projectId} ${id}`
    const cached = this.#byId.get(slot)
    if (cached) return cached
    const [row] = await this.database.query<KeyRow>(
      'SELECT id, project_id, wrapped_key FROM body_keys WHERE id = $1 AND project_id = $2',
      [id, projectId],
    )
    if (!row) throw new BodyBroken()
    const key = this.#opened(row)
    this.#byId.set(slot, key)
    return key
  }

  /** Wipes a project's keys: nothing of its bodies can be read any more, and the rows say since when. */
  async destroy(projectId: string): Promise<void> {
    await this.database.transaction((sql) =>
      sql.query(
        'UPDATE body_keys SET wrapped_key = NULL, destroyed_at = now() WHERE project_id = $1 AND destroyed_at IS NULL',
        [projectId],
      ),
    )
    this.#current.clear()
    this.#byId.clear()
  }

  async #find(projectId: string, worn: Promise<BodyKey> | undefined): Promise<BodyKey> {
    const wornId = worn ? (await worn).id : null
    for (;;) {
      const [row] = await this.database.query<KeyRow>(
        `SELECT id, project_id, wrapped_key FROM body_keys
         WHERE project_id = $1 AND retired_at IS NULL AND destroyed_at IS NULL
           AND created_at > now() - $2::interval AND id IS DISTINCT FROM $3`,
        [projectId, RENEWED_AFTER, wornId],
      )
      if (row) return this.#opened(row)
      await this.#renew(projectId, wornId)
    }
  }

  /** One transaction whose commit is on disk: a body is never kept under a key that a crash can take away. */
  async #renew(projectId: string, wornId: string | null): Promise<void> {
    const id = v7()
    const { wrapped } = this.keyRing.newDataKey(placeOf(id, projectId))
    await this.database.transaction(async (sql) => {
      await sql.query(
        `UPDATE body_keys SET retired_at = now()
         WHERE project_id = $1 AND retired_at IS NULL AND destroyed_at IS NULL
           AND (created_at <= now() - $2::interval OR id = $3)`,
        [projectId, RENEWED_AFTER, wornId],
      )
      await sql.query(
        `INSERT INTO body_keys (id, project_id, wrapped_key) VALUES ($1, $2, $3)
         ON CONFLICT (project_id) WHERE retired_at IS NULL AND destroyed_at IS NULL DO NOTHING`,
        [id, projectId, wrapped],
      )
    })
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
