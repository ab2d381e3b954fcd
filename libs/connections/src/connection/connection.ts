export type Environment = 'dev' | 'staging' | 'prod'
export type ConnectionStatus =
  'pending' | 'connected' | 'failed' | 'expired' | 'refreshing' | 'disconnected' | 'suspended'

/** One row of `integration_connections`. */
export interface ConnectionRow extends Record<string, unknown> {
  id: string
  project_id: string
  provider: string
  status: ConnectionStatus
  auth_method: string
  environment: Environment
  alias: string | null
  credentials: unknown
  scopes: string[]
  external_account_id: string | null
  external_account_name: string | null
  webhook_url: string | null
  config: Record<string, unknown>
  metadata: Record<string, unknown>
  last_health_check: Date | null
  health_state: 'unknown' | 'healthy' | 'degraded' | 'unhealthy'
  health_message: string | null
  health_response_time_ms: number | null
  connected_at: Date | null
  disconnected_at: Date | null
  created_at: Date
  updated_at: Date
  version: number
}

/** The moves that a user may make with `PATCH … {status}`. */
export function mayMove(from: ConnectionStatus, to: 'suspended' | 'connected'): boolean {
  if (from === to) return true
  return to === 'suspended'
    ? from === 'connected' || from === 'refreshing' || from === 'pending'
    : from === 'suspended'
}
