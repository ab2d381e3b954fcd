import { LockMode } from '@mikro-orm/core'
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
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
  UuidPath,
} from '@app/http'
import { z } from 'zod'
import { AuditLog } from '../audit/audit-log.ts'
import { newKey, shownKey } from '../project/project.api.ts'
import { Projects } from '../project/projects.ts'
import { ApiKey } from './api-key.ts'
import { refuseForeignEnvironment } from './foreign-environment.ts'
import { newKeyText } from './key-text.ts'

const DEFAULT_SCOPES = ['read', 'write', 'payments', 'connections:write'] as const

@ApiTags('projects')
@Needs('admin')
@Controller('v1/projects/:p/keys')
export class KeysController {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make a key. Its text is shown once, in this answer.' })
  @Answers(201, shownKey.extend({ key: z.string() }))
  async create(
    @Param('p', UuidPath) projectId: string,
    @Body({ schema: newKey }) input: z.infer<typeof newKey>,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.get(projectId)
    const environment = input.environment ?? caller.environment
    refuseForeignEnvironment(caller, environment)
    const text = newKeyText(environment)
    const { name, scopes = DEFAULT_SCOPES, expires_at: expiry } = input
    const key = new ApiKey(projectId, text, {
      name,
      environment: environment ?? undefined,
      scopes,
      expiresAt: expiry === undefined ? null : new Date(expiry),
    })
    await this.database.transaction(async (unit) => {
      unit.em.persist(key)
      await this.audit.by(caller, 'key.created', key.id, {}, projectId, unit)
    })
    return { ...presentKey(key), key: text.text }
  }

  @Get()
  @ApiOperation({ summary: 'The keys of a project, without their texts.' })
  @Answers(200, pageSchema(shownKey))
  async list(
    @Param('p', UuidPath) projectId: string,
    @Query({ schema: z.strictObject(pageQuery) }) page: PageRequest,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(projectId)
    const after = keyOfCursor(page, projectId, /^[0-9a-f]{16}$/)
    const keys = await this.database
      .reader()
      .find(
        ApiKey,
        { ...ownedBy(projectId, caller), ...(after !== null && { id: { $gt: after } }) },
        { orderBy: { id: 'asc' }, limit: limitOf(page) + 1 },
      )
    return pageOf(keys, page, projectId, ({ id }) => id, presentKey)
  }

  @Delete(':key')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key, on every replica within five seconds.' })
  async revoke(
    @Param('p', UuidPath) projectId: string,
    @Param('key') id: string,
    @CalledBy() caller: Caller,
  ): Promise<void> {
    await this.database.transaction(async (unit) => {
      const key = await unit.em.findOne(
        ApiKey,
        { id, ...ownedBy(projectId, caller) },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      )
      if (!key) throw NotFound()
      key.revoke(new Date())
      await this.audit.by(caller, 'key.revoked', id, {}, projectId, unit)
    })
  }
}

/** Whoever works in one environment sees the keys of that environment only. */
function ownedBy(projectId: string, { environment }: Caller): ReturnType<typeof rowsOf> {
  return rowsOf({ projectId, environment })
}

function presentKey(key: ApiKey): Record<string, unknown> {
  const { id, name, environment, scopes, expires_at, last_used_at, revoked_at, created_at } = key
  return { id, name, environment, scopes, expires_at, last_used_at, revoked_at, created_at }
}
