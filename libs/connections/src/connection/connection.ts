import { NotNow } from '../connections.problems.ts'

export type Environment = 'dev' | 'staging' | 'prod'
export type ConnectionStatus =
  'pending' | 'connected' | 'failed' | 'expired' | 'refreshing' | 'disconnected' | 'suspended'

/** What a check of credentials found; null: none was asked for. */
export type Finding = 'ok' | 'rejected' | 'unreachable' | null

export type HealthState = 'unknown' | 'healthy' | 'degraded' | 'unhealthy'

interface Beginning {
  id: string
  project_id: string
  provider: string
  environment: Environment
  auth_method: string
  alias?: string | undefined
  config?: Record<string, unknown> | undefined
  metadata?: Record<string, string> | undefined
}

interface Wishes {
  alias?: string | null | undefined
  config?: Record<string, unknown> | undefined
  metadata?: Record<string, string> | undefined
  status?: 'suspended' | 'connected' | undefined
}

/** An account at a provider, linked by a project in an environment. It changes by the moves below and in no other way. */
export class Connection {
  readonly id: string
  readonly project_id: string
  readonly provider: string
  readonly status: ConnectionStatus = 'pending'
  readonly auth_method: string
  readonly environment: Environment
  readonly alias: string | null
  /** The envelope; null where there are none: imported, or wiped. */
  readonly credentials: unknown = null
  readonly token_expires_at: Date | null = null
  readonly scopes: string[] = []
  readonly external_account_id: string | null = null
  readonly external_account_name: string | null = null
  readonly webhook_url: string | null = null
  readonly config: Record<string, unknown>
  readonly metadata: Record<string, unknown>
  readonly last_health_check: Date | null = null
  readonly health_state: HealthState = 'unknown'
  readonly health_message: string | null = null
  readonly health_failures: number = 0
  readonly health_response_time_ms: number | null = null
  readonly next_health_check: Date | null = null
  readonly connected_at: Date | null = null
  readonly disconnected_at: Date | null = null
  readonly last_sync_at: Date | null = null
  readonly expires_at: Date | null = null
  readonly created_at!: Date
  readonly updated_at!: Date
  readonly access_token_encrypted: string | null = null
  readonly refresh_token_encrypted: string | null = null
  readonly webhook_secret_encrypted: string | null = null
  readonly version: number = 1

  constructor({ alias, config = {}, metadata = {}, ...beginning }: Beginning) {
    this.id = beginning.id
    this.project_id = beginning.project_id
    this.provider = beginning.provider
    this.environment = beginning.environment
    this.auth_method = beginning.auth_method
    this.alias = alias ?? null
    this.config = config
    this.metadata = metadata
  }

  /** Its first credentials. */
  begin(envelope: unknown, finding: Finding, now: Date): void {
    this.set({ credentials: envelope, ...standing(finding, now) })
  }

  /** What the user wishes otherwise; refused where it is in no state for it. */
  change({ alias, config, metadata, status }: Wishes): void {
    if (status === 'suspended') this.suspend()
    if (status === 'connected') this.resume()
    this.move({
      ...(alias !== undefined && { alias }),
      ...(config && { config }),
      ...(metadata && { metadata }),
    })
  }

  suspend(): void {
    this.onlyFrom('suspended', 'connected', 'refreshing', 'pending')
    this.set({ status: 'suspended' })
  }

  resume(): void {
    this.onlyFrom('connected', 'suspended')
    this.set({ status: 'connected' })
  }

  /** New credentials; failed, expired or disconnected, it is taken up again. A suspended one stays suspended. */
  takeUp(envelope: unknown, finding: Finding, now: Date): void {
    const suspended = this.status === 'suspended'
    this.move({
      credentials: envelope,
      ...(!suspended && standing(finding, now)),
      disconnected_at: null,
      ...NOTHING_IMPORTED,
    })
  }

  /** What a check found out; a silent provider says nothing, and a suspended or expired one is not judged by it. */
  judge(finding: Finding, now: Date): void {
    if (finding !== 'ok' && finding !== 'rejected') return
    const status = finding === 'ok' ? 'connected' : 'failed'
    if (status === this.status || !['pending', 'connected', 'failed'].includes(this.status)) return
    this.move({ status, connected_at: this.connected_at ?? now })
  }

  /** The end: nothing secret stays, its history does. */
  disconnect(now: Date): void {
    this.move({
      status: 'disconnected',
      credentials: null,
      disconnected_at: this.disconnected_at ?? now,
      ...NOTHING_IMPORTED,
    })
  }

  /** Where its provider delivers. */
  answerAt(url: string): void {
    this.set({ webhook_url: url })
  }

  /** Who it is over there. */
  belongTo({ id, name = null }: { id: string; name?: string | null | undefined }): void {
    this.set({ external_account_id: id, external_account_name: name })
  }

  private onlyFrom(...allowed: ConnectionStatus[]): void {
    if (!allowed.includes(this.status)) throw NotNow({ values: { status: this.status } })
  }

  private move(changes: Partial<Connection>): void {
    this.set({ ...changes, version: this.version + 1 })
  }

  private set(changes: Partial<Connection>): void {
    Object.assign(this, changes)
  }
}

/** One row as hand-written SQL reads it: what is known of it, without its moves. */
export type ConnectionRow = Record<string, unknown> &
  Pick<Connection, 'id' | 'project_id' | 'provider' | 'environment' | 'status' | 'credentials' | 'config'>

const NOTHING_IMPORTED = {
  access_token_encrypted: null,
  refresh_token_encrypted: null,
  webhook_secret_encrypted: null,
}

/** Unchecked credentials are believed; whether the provider takes others is open until it answers. */
function standing(finding: Finding, now: Date): Pick<Connection, 'status'> & Partial<Connection> {
  return finding === null || finding === 'ok'
    ? { status: 'connected', connected_at: now }
    : { status: 'pending' }
}
