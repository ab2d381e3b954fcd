import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Bodies } from '@app/bodies'
import { WebhookTargets } from '@app/connections'
import { Database } from '@app/database'
import {
  CalledBy,
  type Caller,
  keyOfCursor,
  limitOf,
  Needs,
  NotFound,
  type Page,
  pageOf,
  pageQuery,
  type PageRequest,
  UUID_KEY,
  UuidPath,
} from '@app/http'
import { AuditLog, Projects } from '@app/projects'
import { z } from 'zod'
import { Ingest, verdictOf } from '../ingest/ingest.ts'
import { StillRefused } from '../webhooks.problems.ts'
import { unpacked } from './quarantine.ts'

interface QuarantineRow extends Record<string, unknown> {
  id: string
  project_id: string
  environment: string
  connection_id: string
  provider: string
  reason: string
  raw_body_url: string
  body_size: number
  body_hash: string
  source_ip: string | null
  received_at: Date
  event_id: string | null
}

@ApiTags('webhooks')
@Controller('v1/projects/:p/quarantine')
export class QuarantineController {
  constructor(
    private readonly database: Database,
    private readonly bodies: Bodies,
    private readonly targets: WebhookTargets,
    private readonly ingest: Ingest,
    private readonly audit: AuditLog,
    private readonly projects: Projects,
  ) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Deliveries that failed verification, newest first; kept for 24 hours.' })
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: z.strictObject(pageQuery) }) page: PageRequest,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    const rows = await this.database.asProject(
      { projectId: p, environment: caller.environment },
      async (sql) => {
        const found = await sql.query<QuarantineRow>(
          `SELECT * FROM webhook_quarantine WHERE project_id = $1 AND ($2::text IS NULL OR environment::text = $2)
           AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
          [p, caller.environment, keyOfCursor(page, UUID_KEY), limitOf(page) + 1],
        )
        return found.rows
      },
    )
    return pageOf(rows, page, ({ id }) => id, present)
  }

  @Post(':id/verify')
  @HttpCode(200)
  @Needs('write')
  @ApiOperation({
    summary: 'Check again, after the secret was corrected; then it is an event like any other.',
  })
  async verify(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    const [row] = await this.database.asProject(
      { projectId: p, environment: caller.environment },
      async (sql) => {
        const found = await sql.query<QuarantineRow>(
          `SELECT * FROM webhook_quarantine WHERE id = $1 AND project_id = $2 AND ($3::text IS NULL OR environment::text = $3)`,
          [id, p, caller.environment],
        )
        return found.rows
      },
    )
    if (!row) throw NotFound()
    const record = await this.bodies.read(
      row.raw_body_url,
      { projectId: row.project_id, environment: row.environment, id },
      { sha256: row.body_hash, size: row.body_size },
    )
    const delivery = unpacked(record, row.received_at)
    const target = await this.targets.ofConnection(row.connection_id)
    if (!target) throw NotFound()
    const verdict = await verdictOf(target, delivery)
    if (!verdict.ok) throw StillRefused({ values: { reason: verdict.reason } })
    const { eventId, duplicate } = await this.ingest.keep(target, delivery, row.source_ip ?? '0.0.0.0')
    await this.database.query('UPDATE webhook_quarantine SET event_id = $2 WHERE id = $1', [id, eventId])
    await this.audit.by(caller, 'quarantine.verified', id, { event_id: eventId }, p)
    return { event_id: eventId, duplicate }
  }
}

function present({
  id,
  connection_id,
  provider,
  environment,
  reason,
  body_size,
  source_ip,
  received_at,
  event_id,
}: QuarantineRow): Record<string, unknown> {
  return { id, connection_id, provider, environment, reason, body_size, source_ip, received_at, event_id }
}
