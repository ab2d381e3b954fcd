import { type Connector, credsOf, type Ctx, ctxOf, type Fields } from '@app/connector-kit'
import { type CallAbout, type Egress, type ProviderHttp, providerHttp, type SendOptions } from '@app/egress'
import { modeOfConnection } from '../connection/connection.api.ts'
import type { Connection } from '../connection/connection.ts'
import type { StoredCredentials } from '../credentials/credential-vault.ts'

/** Of a connection, what its calls need: one that has an id yet, or one that shall begin. */
export type Callable = Pick<Connection, 'config' | 'environment' | 'project_id'> &
  Partial<Pick<Connection, 'id'>>

export interface LentCtx extends Ctx {
  http: ProviderHttp<Fields>
}

/** Everything that the platform lends a connector for one connection. `operation` is what its calls are counted as. */
export function contextOf(
  egress: Egress,
  connector: Connector,
  connection: Callable,
  stored: StoredCredentials | null,
  {
    operation,
    webhookUrl = null,
    ...options
  }: { operation: string; webhookUrl?: string | null } & SendOptions,
): LentCtx {
  const { config, environment } = connection
  const creds = credsOf(connector.credentials, stored?.current ?? {})
  const mode = modeOfConnection(connector, connection, stored)
  const region = typeof config.region === 'string' ? { region: config.region } : {}
  const about = aboutOf(connector, connection, operation)
  const http = providerHttp(egress, connector, creds, mode, { about, ...region, ...options })
  return ctxOf(connector, { http, creds, config, environment, mode, webhookUrl, ...region })
}

function aboutOf({ manifest }: Connector, connection: Callable, operation: string): CallAbout {
  const { id, project_id: projectId, environment } = connection
  return {
    provider: manifest.id,
    operation,
    projectId,
    environment,
    ...(id !== undefined && { connection: id }),
  }
}
