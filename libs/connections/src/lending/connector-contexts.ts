import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import type { Connector } from '@app/connector-kit'
import { Database } from '@app/database'
import { Egress } from '@app/egress'
import { connectorOf } from '@app/providers'
import type { Connection, ConnectionRow, ConnectionStatus } from '../connection/connection.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { contextOf, type LentCtx } from './context-of.ts'

/** Of a connection, what must be known to ask its provider. */
export type Lendable = Pick<
  Connection,
  'id' | 'project_id' | 'environment' | 'provider' | 'config' | 'credentials' | 'status'
> & { webhook_url?: string | null }

/** A connector and what it may use, for one connection. */
export interface Lent {
  connector: Connector
  ctx: LentCtx
  connection: Lendable
}

const USABLE: readonly ConnectionStatus[] = ['connected', 'refreshing']

/** Lends connectors what they need to ask their provider about one connection, to rooms above. */
@Injectable()
export class ConnectorContexts {
  constructor(
    private readonly vault: CredentialVault,
    private readonly egress: Egress,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /**
   * null: nothing can be asked over it. It is not connected, has no credentials, or this build has no connector for it.
   * `operation` is what the calls are counted and logged as; the signal ends them.
   */
  lend(connection: Lendable, operation: string, signal?: AbortSignal): Lent | null {
    const connector = connectorOf(connection.provider)
    if (!connector || !USABLE.includes(connection.status)) return null
    const stored = this.vault.open(connection)
    if (!stored) return null
    const { webhook_url: address = null } = connection
    const webhookUrl = address === null ? null : this.settings.publicUrl + new URL(address).pathname
    const options = { operation, webhookUrl, ...(signal && { signal }) }
    return { connector, connection, ctx: contextOf(this.egress, connector, connection, stored, options) }
  }

  /** The same by its id, asked afresh. By hand: one row, of whichever project is still there. */
  async lendById(id: string, operation: string, signal?: AbortSignal): Promise<Lent | null> {
    const [row] = await this.database.query<ConnectionRow & Lendable>(
      `SELECT c.id, c.project_id, c.environment, c.provider, c.status, c.credentials, c.config, c.webhook_url
       FROM integration_connections c LEFT JOIN project_settings s ON s.project_id = c.project_id
       WHERE c.id = $1 AND s.deleted_at IS NULL`,
      [id],
    )
    return row ? this.lend(row, operation, signal) : null
  }
}
