import { z } from 'zod'
import { pageQuery, shownTime } from '@app/http'
import { type Connector, modeOf, credsOf } from '@app/connector-kit'
import { connectorOf } from '@app/providers'
import type { StoredCredentials } from '../credentials/credential-vault.ts'
import type { Connection } from './connection.ts'

const alias = z.string().trim().min(1).max(100)
const small = z
  .record(z.string().max(60), z.union([z.string().max(2_000), z.number(), z.boolean(), z.null()]))
  .refine((value) => Object.keys(value).length <= 50)
const metadata = z
  .record(z.string().max(60), z.string().max(500))
  .refine((value) => Object.keys(value).length <= 20)
const environment = z.enum(['dev', 'staging', 'prod'])

const statuses = [
  'pending',
  'connected',
  'failed',
  'expired',
  'refreshing',
  'disconnected',
  'suspended',
] as const

export const newConnection = z.strictObject({
  provider: z.string().min(1).max(60),
  environment,
  alias: alias.optional(),
  credentials: z.record(z.string().max(60), z.unknown()),
  config: small.optional(),
  metadata: metadata.optional(),
  verify: z.boolean().default(true),
})
export type NewConnection = z.infer<typeof newConnection>

export const changedConnection = z.strictObject({
  alias: alias.nullable().optional(),
  config: small.optional(),
  metadata: metadata.optional(),
  status: z.enum(['suspended', 'connected']).optional(),
})
export type ChangedConnection = z.infer<typeof changedConnection>

export const newCredentials = z.strictObject({
  credentials: z.record(z.string().max(60), z.unknown()),
  verify: z.boolean().default(true),
})

export const connectionsQuery = z.strictObject({
  ...pageQuery,
  provider: z.string().max(60).optional(),
  environment: environment.optional(),
  status: z.enum(statuses).optional(),
  health: z.enum(['unknown', 'healthy', 'degraded', 'unhealthy']).optional(),
})
export type ConnectionsQuery = z.infer<typeof connectionsQuery>

export const shownConnection = z.strictObject({
  id: z.uuid(),
  version: z.int(),
  project_id: z.uuid(),
  provider: z.string(),
  environment,
  alias: z.string().nullable(),
  status: z.enum(statuses),
  auth_method: z.string(),
  provider_mode: z.enum(['test', 'live']).nullable(),
  health: z.strictObject({
    state: z.enum(['unknown', 'healthy', 'degraded', 'unhealthy']),
    message: z.string().nullable(),
    checked_at: shownTime.nullable(),
    response_time_ms: z.int().nullable(),
  }),
  webhook: z.strictObject({ url: z.string().nullable(), secret_required: z.boolean() }).nullable(),
  credentials: z.record(z.string(), z.string()),
  scopes: z.array(z.string()),
  external_account: z.strictObject({ id: z.string(), name: z.string().nullable() }).nullable(),
  config: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()),
  connected_at: shownTime.nullable(),
  disconnected_at: shownTime.nullable(),
  created_at: shownTime,
  updated_at: shownTime,
})

/** The only way a connection leaves the house: secrets cannot pass it. */
export function presentConnection(
  connection: Connection,
  stored: StoredCredentials | null,
  publicUrl: string,
): Record<string, unknown> {
  const connector = connectorOf(connection.provider)
  return {
    id: connection.id,
    version: connection.version,
    project_id: connection.project_id,
    provider: connection.provider,
    environment: connection.environment,
    alias: connection.alias,
    status: connection.status,
    auth_method: connection.auth_method,
    provider_mode: connector ? modeOfConnection(connector, connection, stored) : null,
    health: {
      state: connection.health_state,
      message: connection.health_message,
      checked_at: connection.last_health_check,
      response_time_ms: connection.health_response_time_ms,
    },
    webhook: connector?.webhooks
      ? {
          url: connection.webhook_url === null ? null : publicUrl + new URL(connection.webhook_url).pathname,
          secret_required: stored?.current[connector.webhooks.secretField] === undefined,
        }
      : null,
    credentials: connector && stored ? hints(connector, stored.current) : {},
    scopes: connection.scopes,
    external_account: connection.external_account_id
      ? { id: connection.external_account_id, name: connection.external_account_name }
      : null,
    config: connection.config,
    metadata: connection.metadata,
    connected_at: connection.connected_at,
    disconnected_at: connection.disconnected_at,
    created_at: connection.created_at,
    updated_at: connection.updated_at,
  }
}

/** `config.mode`, else what the key tells, else live in prod and test elsewhere (unified-models.md 0). */
export function modeOfConnection(
  connector: Connector,
  { config, environment: place }: Pick<Connection, 'config' | 'environment'>,
  stored: StoredCredentials | null,
): 'test' | 'live' {
  if (config.mode === 'test' || config.mode === 'live') return config.mode
  const told = stored
    ? modeOf(connector.credentials, credsOf(connector.credentials, stored.current))
    : undefined
  return told ?? (place === 'prod' ? 'live' : 'test')
}

function hints(connector: Connector, values: Record<string, string>): Record<string, string> {
  const creds = credsOf(connector.credentials, values)
  return Object.fromEntries(
    Object.entries(creds).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : value.hint()]],
    ),
  )
}
