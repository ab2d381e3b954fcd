import { Injectable } from '@nestjs/common'
import { type Connector, credsOf, type Ctx } from '@app/connector-kit'
import { Database } from '@app/database'
import { Egress, providerHttp } from '@app/egress'
import { connectorOf } from '@app/providers'
import { modeOfConnection } from '../connection/connection.api.ts'
import type { ConnectionRow } from '../connection/connection.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'

/** A connector, and what the platform lends it for one connection. */
export interface Lent {
  connector: Connector
  ctx: Ctx
  connection: ConnectionRow
}

const USABLE = ['connected', 'refreshing']

/** Lends connectors what they need to call their provider as one connection. */
@Injectable()
export class ConnectorContexts {
  constructor(
    private readonly database: Database,
    private readonly vault: CredentialVault,
    private readonly egress: Egress,
  ) {}

  /** null: it has no connector in this build, no credentials, or is in no state to be used. */
  lend(connection: ConnectionRow, operation: string, signal?: AbortSignal): Lent | null {
    const { id, project_id: projectId, environment, provider, config, status } = connection
    const connector = connectorOf(provider)
    const stored = connector && USABLE.includes(status) ? this.vault.open(connection) : null
    if (!connector || !stored) return null
    const creds = credsOf(connector.credentials, stored.current)
    const mode = modeOfConnection(connector, connection, stored)
    const about = { provider, connection: id, projectId, environment, operation }
    const region = typeof config.region === 'string' ? { region: config.region } : {}
    const http = providerHttp(this.egress, connector, creds, mode, {
      about,
      ...region,
      ...(signal && { signal }),
    })
    return { connector, connection, ctx: { http, creds, config, environment, mode, now: () => new Date() } }
  }

  /** The same for whom only the id is known: the platform's own work, in no caller's name. */
  async lendById(id: string, operation: string, signal?: AbortSignal): Promise<Lent | null> {
    const [row] = await this.database.query<ConnectionRow>(
      'SELECT id, project_id, environment, provider, config, credentials, status FROM integration_connections WHERE id = $1',
      [id],
    )
    return row ? this.lend(row, operation, signal) : null
  }
}
