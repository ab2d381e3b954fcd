import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { type Connector, checkCredentials, credsOf, modeOf } from '@app/connector-kit'
import { Database, type Sql, type Tenant } from '@app/database'
import { type Caller, InvalidFields, keyOfCursor, limitOf, newId, NotFound, UUID_KEY } from '@app/http'
import { AuditLog } from '@app/projects'
import { connectorOf } from '@app/providers'
import {
  AliasTaken,
  CredentialsRejected,
  NoConnector,
  NotNow,
  ProviderInactive,
} from '../connections.problems.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { Probe, type Probed } from '../credentials/probe.ts'
import { giveAddress } from '../webhook-address/webhook-address.ts'
import type { ChangedConnection, ConnectionsQuery, NewConnection } from './connection.api.ts'
import { type ConnectionRow, type Environment, mayMove } from './connection.ts'

/** Who is linked to what. Every question is asked as the caller's project, in its environment. */
@Injectable()
export class Connections {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
    private readonly vault: CredentialVault,
    private readonly probe: Probe,
    private readonly audit: AuditLog,
  ) {}

  async create(caller: Caller, projectId: string, input: NewConnection): Promise<ConnectionRow> {
    const tenant = tenantOf(caller, projectId)
    refuseForeignEnvironment(caller, input.environment)
    const connector = await this.#usableConnector(input.provider)
    const values = checkedValues(connector, input.credentials, input.environment)
    const config = input.config ?? {}
    const probed = input.verify
      ? await this.probe.ask(connector, { config, environment: input.environment }, values)
      : null
    if (probed?.outcome.kind === 'rejected') throw CredentialsRejected()
    const owner = { id: newId(), project_id: projectId, environment: input.environment }
    return this.database.asProject(tenant, async (sql) => {
      const connected = probed === null || probed.outcome.kind === 'ok'
      await sql
        .query(
          `INSERT INTO integration_connections
             (id, project_id, provider, status, auth_method, environment, alias, credentials, config, metadata, connected_at)
           VALUES ($1, $2, $3, $4::integration_connection_status, $5, $6, $7, $8, $9, $10, CASE WHEN $4::integration_connection_status = 'connected' THEN now() END)`,
          [
            owner.id,
            projectId,
            input.provider,
            connected ? 'connected' : 'pending',
            connector.manifest.authMethod,
            input.environment,
            input.alias ?? null,
            this.vault.seal(owner, values),
            config,
            input.metadata ?? {},
          ],
        )
        .catch(asAliasTaken)
      if (connector.webhooks)
        await giveAddress(sql, { id: owner.id, provider: input.provider }, this.settings.publicUrl)
      if (probed) await noteHealth(sql, owner.id, probed)
      await this.#audit(sql, caller, projectId, 'connection.created', owner.id)
      return one(sql, owner.id)
    })
  }

  async list(caller: Caller, projectId: string, query: ConnectionsQuery): Promise<ConnectionRow[]> {
    const after = keyOfCursor(query, UUID_KEY)
    return this.database.asProject(tenantOf(caller, projectId), async (sql) => {
      const { rows } = await sql.query<ConnectionRow>(
        `SELECT * FROM integration_connections
         WHERE project_id = $1 AND ($2::text IS NULL OR environment::text = $2) AND ($3::text IS NULL OR provider::text = $3)
           AND ($4::text IS NULL AND status <> 'disconnected' OR status::text = $4)
           AND ($5::text IS NULL OR health_state::text = $5) AND ($6::uuid IS NULL OR id < $6)
         ORDER BY id DESC LIMIT $7`,
        [
          projectId,
          caller.environment ?? query.environment ?? null,
          query.provider ?? null,
          query.status ?? null,
          query.health ?? null,
          after,
          limitOf(query) + 1,
        ],
      )
      return query.environment && caller.environment && query.environment !== caller.environment ? [] : rows
    })
  }

  async get(caller: Caller, projectId: string, id: string): Promise<ConnectionRow> {
    return this.database.asProject(tenantOf(caller, projectId), (sql) =>
      this.#owned(sql, caller, projectId, id),
    )
  }

  async change(
    caller: Caller,
    projectId: string,
    id: string,
    input: ChangedConnection,
  ): Promise<ConnectionRow> {
    return this.database.asProject(tenantOf(caller, projectId), async (sql) => {
      const row = await this.#owned(sql, caller, projectId, id, 'FOR UPDATE')
      if (input.status && !mayMove(row.status, input.status)) throw NotNow({ values: { status: row.status } })
      await sql
        .query(
          `UPDATE integration_connections SET alias = CASE WHEN $2 THEN $3 ELSE alias END, config = coalesce($4::jsonb, config),
             metadata = coalesce($5::jsonb, metadata), status = coalesce($6::integration_connection_status, status),
             version = version + 1 WHERE id = $1`,
          [
            id,
            input.alias !== undefined,
            input.alias ?? null,
            input.config ?? null,
            input.metadata ?? null,
            input.status ?? null,
          ],
        )
        .catch(asAliasTaken)
      await this.#audit(sql, caller, projectId, 'connection.changed', id, { fields: Object.keys(input) })
      return one(sql, id)
    })
  }

  /** New credentials; a failed, expired or disconnected connection is taken up again with its id and history. */
  async rotate(
    caller: Caller,
    projectId: string,
    id: string,
    input: { credentials: Record<string, unknown>; verify: boolean },
  ): Promise<ConnectionRow> {
    const before = await this.get(caller, projectId, id)
    const connector = await this.#usableConnector(before.provider)
    const values = checkedValues(connector, input.credentials, before.environment)
    const probed = input.verify ? await this.probe.ask(connector, before, values) : null
    if (probed?.outcome.kind === 'rejected') throw CredentialsRejected()
    return this.database.asProject(tenantOf(caller, projectId), async (sql) => {
      const row = await this.#owned(sql, caller, projectId, id, 'FOR UPDATE')
      const connected = probed === null || probed.outcome.kind === 'ok'
      const status = row.status === 'suspended' ? 'suspended' : connected ? 'connected' : 'pending'
      await sql
        .query(
          `UPDATE integration_connections SET credentials = $2, status = $3::integration_connection_status, disconnected_at = NULL, version = version + 1,
             connected_at = CASE WHEN $3::integration_connection_status = 'connected' THEN now() ELSE connected_at END,
             access_token_encrypted = NULL, refresh_token_encrypted = NULL, webhook_secret_encrypted = NULL
           WHERE id = $1`,
          [
            id,
            this.vault.seal(row, values, row.status === 'disconnected' ? null : this.vault.open(row)),
            status,
          ],
        )
        .catch(asAliasTaken)
      if (connector.webhooks && (row.webhook_url === null || row.status === 'disconnected')) {
        await giveAddress(sql, row, this.settings.publicUrl)
      }
      if (probed) await noteHealth(sql, id, probed)
      await this.#audit(sql, caller, projectId, 'connection.credentials_rotated', id, {
        fields: Object.keys(values),
      })
      return one(sql, id)
    })
  }

  /** Checks health now, and says what it is. */
  async verify(caller: Caller, projectId: string, id: string): Promise<ConnectionRow> {
    const row = await this.get(caller, projectId, id)
    const stored = this.vault.open(row)
    const connector = connectorOf(row.provider)
    if (!stored || !connector || row.status === 'disconnected')
      throw NotNow({ values: { status: row.status } })
    const probed = await this.probe.ask(connector, row, stored.current)
    return this.database.asProject(tenantOf(caller, projectId), async (sql) => {
      await noteHealth(sql, id, probed)
      const status = { ok: 'connected', rejected: 'failed', unreachable: null }[probed.outcome.kind]
      await sql.query(
        `UPDATE integration_connections SET status = $2::integration_connection_status, connected_at = coalesce(connected_at, now()), version = version + 1
         WHERE id = $1 AND $2::integration_connection_status IS NOT NULL AND status <> $2::integration_connection_status AND status IN ('pending', 'connected', 'failed')`,
        [id, status],
      )
      return one(sql, id)
    })
  }

  /** Ends it: the credentials are wiped, the address is gone, the history stays. */
  async disconnect(caller: Caller, projectId: string, id: string): Promise<void> {
    await this.database.asProject(tenantOf(caller, projectId), async (sql) => {
      await this.#owned(sql, caller, projectId, id, 'FOR UPDATE')
      await sql.query(
        `UPDATE integration_connections SET status = 'disconnected', credentials = NULL, access_token_encrypted = NULL,
           refresh_token_encrypted = NULL, webhook_secret_encrypted = NULL, disconnected_at = coalesce(disconnected_at, now()),
           version = version + 1 WHERE id = $1`,
        [id],
      )
      await sql.query('DELETE FROM webhook_addresses WHERE connection_id = $1', [id])
      await this.#audit(sql, caller, projectId, 'connection.disconnected', id)
    })
  }

  async rotateAddress(caller: Caller, projectId: string, id: string): Promise<ConnectionRow> {
    return this.database.asProject(tenantOf(caller, projectId), async (sql) => {
      const row = await this.#owned(sql, caller, projectId, id, 'FOR UPDATE')
      if (row.status === 'disconnected' || !connectorOf(row.provider)?.webhooks)
        throw NotNow({ values: { status: row.status } })
      await giveAddress(sql, row, this.settings.publicUrl)
      await this.#audit(sql, caller, projectId, 'connection.webhook_rotated', id)
      return one(sql, id)
    })
  }

  async #usableConnector(provider: string): Promise<Connector> {
    const [row] = await this.database.query<{ is_active: boolean }>(
      'SELECT is_active FROM integration_providers WHERE provider::text = $1',
      [provider],
    )
    if (!row) throw InvalidFields({ errors: [unknownProvider] })
    if (!row.is_active) throw ProviderInactive({ values: { provider } })
    const connector = connectorOf(provider)
    if (!connector) throw NoConnector({ values: { provider } })
    return connector
  }

  async #owned(sql: Sql, caller: Caller, projectId: string, id: string, lock = ''): Promise<ConnectionRow> {
    const { rows } = await sql.query<ConnectionRow>(
      `SELECT * FROM integration_connections WHERE id = $1 AND project_id = $2
         AND ($3::text IS NULL OR environment::text = $3) ${lock}`,
      [id, projectId, caller.environment],
    )
    const [row] = rows
    if (!row) throw NotFound()
    return row
  }

  #audit(
    sql: Sql,
    caller: Caller,
    projectId: string,
    action: string,
    subject: string,
    details = {},
  ): Promise<void> {
    return this.audit.record(
      { actor: caller.id, action, subject, projectId, address: caller.address, details },
      sql,
    )
  }
}

function tenantOf(caller: Caller, projectId: string): Tenant {
  return { projectId, environment: caller.environment }
}

function refuseForeignEnvironment(caller: Caller, environment: Environment): void {
  if (caller.environment === null || caller.environment === environment) return
  throw InvalidFields({
    errors: [
      {
        pointer: '/environment',
        code: 'foreign_environment',
        message: {
          en: `This key works in "${caller.environment}" only.`,
          ar: `هذا المفتاح يعمل في البيئة «${caller.environment}» فقط.`,
        },
      },
    ],
  })
}

/** Every broken field at once; a test key in prod or a live key in dev is one of them. */
function checkedValues(
  connector: Connector,
  input: Record<string, unknown>,
  environment: Environment,
): Record<string, string> {
  const errors = checkCredentials(connector.credentials, input)
  if (errors.length > 0) throw InvalidFields({ errors })
  const values = Object.fromEntries(
    Object.entries(input).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
  for (const name of Object.keys(values)) {
    const mode = modeOf({ [name]: connector.credentials[name]! }, credsOf(connector.credentials, values))
    if ((mode === 'test' && environment === 'prod') || (mode === 'live' && environment === 'dev')) {
      errors.push({
        pointer: `/credentials/${name}`,
        code: 'wrong_mode',
        message: {
          en: `A ${mode} key does not belong in "${environment}".`,
          ar: `مفتاح ${mode === 'test' ? 'الاختبار' : 'التشغيل الفعلي'} لا يصلح للبيئة «${environment}».`,
        },
      })
    }
  }
  if (errors.length > 0) throw InvalidFields({ errors })
  return values
}

async function one(sql: Sql, id: string): Promise<ConnectionRow> {
  const { rows } = await sql.query<ConnectionRow>('SELECT * FROM integration_connections WHERE id = $1', [id])
  const [row] = rows
  if (!row) throw NotFound()
  return row
}

async function noteHealth(sql: Sql, id: string, { outcome, milliseconds }: Probed): Promise<void> {
  const message = {
    ok: null,
    rejected: 'credentials_rejected',
    unreachable: 'why' in outcome ? outcome.why : null,
  }[outcome.kind]
  if (outcome.kind === 'ok' && outcome.account) {
    await sql.query(
      'UPDATE integration_connections SET external_account_id = $2, external_account_name = $3 WHERE id = $1',
      [id, outcome.account.id, outcome.account.name ?? null],
    )
  }
  // A first check that never reached the provider says nothing about the connection: its health stays unknown.
  const { rows } = await sql.query<{ status: string }>(
    'SELECT status FROM integration_connections WHERE id = $1',
    [id],
  )
  if (outcome.kind === 'unreachable' && rows[0]?.status === 'pending') return
  await sql.query('SELECT update_integration_health($1, $2, $3, $4)', [
    id,
    outcome.kind === 'ok',
    message,
    milliseconds,
  ])
}

const UNIQUE_VIOLATION = '23505'

function asAliasTaken(error: unknown): never {
  throw (error as { code?: string }).code === UNIQUE_VIOLATION ? AliasTaken() : error
}

const unknownProvider = {
  pointer: '/provider',
  code: 'unknown_provider',
  message: {
    en: 'Not in the registry. GET /v1/providers lists who is.',
    ar: 'غير موجود في السجل. تجد القائمة في GET /v1/providers.',
  },
}
