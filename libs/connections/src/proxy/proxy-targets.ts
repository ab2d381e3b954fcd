import { Injectable } from '@nestjs/common'
import { Egress } from '@app/egress'
import type { Caller } from '@app/http'
import { connectorOf } from '@app/providers'
import { LRUCache } from 'lru-cache'
import { ConnectionChanges } from '../connection/connection-changes.ts'
import type { Connection, ConnectionStatus } from '../connection/connection.ts'
import { Connections } from '../connection/connections.ts'
import { NoConnector, NotUsable } from '../connections.problems.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { contextOf, type LentCtx } from '../lending/context-of.ts'

/** Whose connection is called, and by whom. */
export interface Wanted {
  caller: Caller
  projectId: string
  id: string
}

export interface ProxyTarget {
  provider: string
  http: LentCtx['http']
}

const MAX_AGE_MS = 5_000

const HELPS: Partial<Record<ConnectionStatus, readonly string[]>> = {
  pending: ['verify', 'rotate_credentials'],
  failed: ['rotate_credentials'],
  expired: ['rotate_credentials'],
  disconnected: ['rotate_credentials'],
  suspended: ['resume'],
}

/** Connections that may be called through, remembered for five seconds at most, less where a change is heard of. */
@Injectable()
export class ProxyTargets {
  readonly #known = new LRUCache<string, ProxyTarget>({ max: 5_000, ttl: MAX_AGE_MS })
  readonly #asked = new Map<string, Promise<ProxyTarget>>()

  constructor(
    private readonly connections: Connections,
    private readonly vault: CredentialVault,
    private readonly egress: Egress,
    changes: ConnectionChanges,
  ) {
    changes.onChange(() => {
      this.#known.clear()
      this.#asked.clear()
    })
  }

  /** Throws where there is none for this caller, and where it is in no state to be used. */
  async find({ caller, projectId, id }: Wanted): Promise<ProxyTarget> {
    const slot = `${projectId} ${caller.environment ?? '*'} ${id}`
    const known = this.#known.get(slot)
    if (known) return known
    // Many calls over one connection that is not in memory ask once; what a change overtook is not remembered.
    const asked = this.#asked.get(slot) ?? this.#ask({ caller, projectId, id }, slot)
    const target = await asked
    if (this.#asked.get(slot) === asked) {
      this.#asked.delete(slot)
      this.#known.set(slot, target)
    }
    return target
  }

  #ask({ caller, projectId, id }: Wanted, slot: string): Promise<ProxyTarget> {
    const asked = this.connections
      .get(caller, projectId, id)
      .then((connection) => this.#targetOf(connection))
      .catch((error: unknown) => {
        if (this.#asked.get(slot) === asked) this.#asked.delete(slot)
        throw error
      })
    this.#asked.set(slot, asked)
    return asked
  }

  #targetOf(connection: Connection): ProxyTarget {
    const { provider, status } = connection
    const connector = connectorOf(provider)
    if (!connector) throw NoConnector({ values: { provider } })
    const stored = this.vault.open(connection)
    if (!['connected', 'refreshing'].includes(status)) {
      const members = { retry: 'after_fix', effect: 'none', available_actions: HELPS[status] ?? [] }
      throw NotUsable({ values: { status }, members })
    }
    const { http } = contextOf(this.egress, connector, connection, stored, { operation: 'proxy' })
    return { provider, http }
  }
}
