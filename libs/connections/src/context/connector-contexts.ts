import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { type Connector, credsOf, type Ctx, ctxOf, type Http, ProviderFailure } from '@app/connector-kit'
import { Database } from '@app/database'
import { Egress, providerHttp } from '@app/egress'
import { connectorOf } from '@app/providers'
import { modeOfConnection } from '../connection/connection.api.ts'
import type { ConnectionRow } from '../connection/connection.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'

/** As much of a connection as is needed to call its provider. */
export type LendableRow = ConnectionRow & { webhook_url: string | null }

/** A connector, and what the platform lends it for one connection. */
export interface Lent {
  connector: Connector
  ctx: Ctx
  connection: LendableRow
}

const USABLE = ['connected', 'refreshing']

/** Lends connectors what they need to call their provider as one connection. */
@Injectable()
export class ConnectorContexts {
  constructor(
    private readonly database: Database,
    private readonly vault: CredentialVault,
    private readonly egress: Egress,
    private readonly settings: Settings,
  ) {}

  /**
   * null: it has no connector in this build, no credentials, or is in no state to be used. `key` is the value that the
   * provider is to do something once for; a call that only reads needs none.
   */
  lend(connection: LendableRow, operation: string, signal?: AbortSignal, key?: string): Lent | null {
    const {
      id,
      project_id: projectId,
      environment,
      provider,
      config,
      status,
      webhook_url: address,
    } = connection
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
    const webhookUrl = address === null ? null : this.settings.publicUrl + new URL(address).pathname
    const ctx = ctxOf(connector, {
      http: classifying(http, connector),
      creds,
      config,
      environment,
      mode,
      webhookUrl,
      ...region,
      ...(key !== undefined && { key }),
    })
    return { connector, connection, ctx }
  }

  /** The same for whom only the id is known: the platform's own work, in no caller's name. */
  async lendById(id: string, operation: string, signal?: AbortSignal): Promise<Lent | null> {
    const [row] = await this.database.query<LendableRow>(
      `SELECT id, project_id, environment, provider, config, credentials, status, webhook_url
       FROM integration_connections WHERE id = $1`,
      [id],
    )
    return row ? this.lend(row, operation, signal) : null
  }
}

/** An answer that the connector calls an error is thrown, so that an operation reads like its sunny side. */
function classifying(http: Http, connector: Connector): Http {
  return {
    async request(call) {
      const reply = await http.request(call)
      const problem = connector.classify(reply)
      if (problem) throw new ProviderFailure(problem, reply.status)
      return reply
    },
  }
}
