import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
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
  UuidPath,
} from '@app/http'
import { z } from 'zod'
import { AuditLog } from '../audit/audit-log.ts'
import { newKey } from '../project/project.api.ts'
import { Projects } from '../project/projects.ts'
import { newApiKey } from './api-key.ts'

interface KeyRow extends Record<string, unknown> {
  id: string
  name: string | null
  environment: string | null
  scopes: string[]
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
  created_at: Date
}

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
  async create(
    @Param('p', UuidPath) projectId: string,
    @Body({ schema: newKey }) input: z.infer<typeof newKey>,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.get(projectId)
    const key = newApiKey(input.environment ?? null)
    const [row] = await this.database.query<KeyRow>(
      `INSERT INTO api_keys (id, project_id, name, environment, scopes, key_hash, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`,
      [
        key.id,
        projectId,
        input.name ?? null,
        input.environment ?? null,
        input.scopes ?? DEFAULT_SCOPES,
        key.hash,
        input.expires_at ?? null,
      ],
    )
    await this.audit.by(caller, 'key.created', key.id, {}, projectId)
    return { ...(row && presentKey(row)), key: key.text }
  }

  @Get()
  @ApiOperation({ summary: 'The keys of a project, without their texts.' })
  async list(
    @Param('p', UuidPath) projectId: string,
    @Query({ schema: z.strictObject(pageQuery) }) page: PageRequest,
  ): Promise<Page<unknown>> {
    await this.projects.get(projectId)
    const rows = await this.database.query<KeyRow>(
      'SELECT * FROM api_keys WHERE project_id = $1 AND ($2::text IS NULL OR id > $2) ORDER BY id LIMIT $3',
      [projectId, keyOfCursor(page, /^[0-9a-f]{16}$/), limitOf(page) + 1],
    )
    return pageOf(rows, page, ({ id }) => id, presentKey)
  }

  @Delete(':key')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key, on every replica within five seconds.' })
  async revoke(
    @Param('p', UuidPath) projectId: string,
    @Param('key') id: string,
    @CalledBy() caller: Caller,
  ): Promise<void> {
    const rows = await this.database.query(
      'UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 AND project_id = $2 RETURNING id',
      [id, projectId],
    )
    if (rows.length === 0) throw NotFound()
    await this.audit.by(caller, 'key.revoked', id, {}, projectId)
  }
}

function presentKey(row: KeyRow): Record<string, unknown> {
  const { id, name, environment, scopes, expires_at, last_used_at, revoked_at, created_at } = row
  return { id, name, environment, scopes, expires_at, last_used_at, revoked_at, created_at }
}
