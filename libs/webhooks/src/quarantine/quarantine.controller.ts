import { LockMode } from '@mikro-orm/core'
import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Bodies } from '@app/bodies'
import { WebhookTargets } from '@app/connections'
import { Database, rowsOf } from '@app/database'
import {
  Answers,
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
  pageSchema,
  shownTime,
  UUID_KEY,
  UuidPath,
} from '@app/http'
import { AuditLog, Projects, ResidencyUnmet } from '@app/projects'
import { z } from 'zod'
import { asBodyProblem } from '../body-access/unreadable-body.ts'
import { Ingest, verdictOf } from '../ingest/ingest.ts'
import { BodyExpired, BodyIntegrity, StillRefused } from '../webhooks.problems.ts'
import { QuarantineEntry } from './quarantine-entry.ts'
import { unpacked } from './quarantine.ts'

const shownEntry = z.strictObject({
  id: z.uuid(),
  connection_id: z.uuid(),
  provider: z.string(),
  environment: z.string(),
  reason: z.string(),
  body_size: z.int(),
  source_ip: z.string().nullable(),
  received_at: shownTime,
  event_id: z.uuid().nullable(),
})
const becameEvent = z.strictObject({ event_id: z.uuid(), duplicate: z.boolean() })

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
  @Answers(200, pageSchema(shownEntry))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: z.strictObject(pageQuery) }) page: PageRequest,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    const after = keyOfCursor(page, p, UUID_KEY)
    const tenant = { projectId: p, environment: caller.environment }
    const entries = await this.database.asProject(tenant, ({ em }) =>
      em.find(
        QuarantineEntry,
        { ...rowsOf(tenant), ...(after !== null && { id: { $lt: after } }) },
        { orderBy: { id: 'desc' }, limit: limitOf(page) + 1 },
      ),
    )
    return pageOf(entries, page, p, ({ id }) => id, present)
  }

  @Post(':id/verify')
  @HttpCode(200)
  @Needs('write')
  @ApiOperation({
    summary: 'Check again, after the secret was corrected; then it is an event like any other.',
  })
  @Answers(200, becameEvent, StillRefused, BodyExpired, BodyIntegrity, ResidencyUnmet)
  async verify(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    const tenant = { projectId: p, environment: caller.environment }
    const owned = { id, ...rowsOf(tenant) }
    const entry = await this.database.asProject(tenant, ({ em }) => em.findOne(QuarantineEntry, owned))
    if (!entry) throw NotFound()
    const record = await this.bodies
      .read(
        entry.raw_body_url,
        { projectId: entry.project_id, environment: entry.environment, id },
        { sha256: entry.body_hash, size: entry.body_size },
      )
      .catch(asBodyProblem)
    const delivery = unpacked(record, entry.received_at)
    const target = await this.targets.ofConnection(entry.connection_id)
    if (!target) throw NotFound()
    if (target.refusal) throw target.refusal
    const verdict = await verdictOf(target, delivery)
    if (!verdict.ok) throw StillRefused({ values: { reason: verdict.reason } })
    const { eventId, duplicate } = await this.ingest.keep(target, delivery, entry.source_ip ?? '0.0.0.0')
    await this.database.asProject(tenant, async ({ em }) => {
      // Meanwhile a newer one may have pushed it out; the event is kept all the same.
      const still = await em.findOne(QuarantineEntry, owned, { lockMode: LockMode.PESSIMISTIC_WRITE })
      still?.becameEvent(eventId)
    })
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
}: QuarantineEntry): Record<string, unknown> {
  return { id, connection_id, provider, environment, reason, body_size, source_ip, received_at, event_id }
}
