import { Injectable } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database, type Sql } from '@app/database'
import {
  type FieldProblem,
  keyOfCursor,
  limitOf,
  newId,
  NotFound,
  type PageRequest,
  UUID_KEY,
} from '@app/http'
import { HostOwnsProjects, ResidencyUnmet, RetentionTooLong } from '../projects.problems.ts'
import type { ProjectFields, ProjectRow } from './project.api.ts'

const SELECT = `SELECT p.id, to_jsonb(p) ->> 'name' AS name, coalesce(s.created_at, now()) AS created_at,
    s.country, s.data_residency, s.return_origins, s.retention, s.routing
  FROM projects p LEFT JOIN project_settings s ON s.project_id = p.id
  WHERE s.deleted_at IS NULL`

/** Tenants. What we know of one lies in `project_settings`; its row may be the host application's. */
@Injectable()
export class Projects {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  async create(fields: ProjectFields): Promise<ProjectRow> {
    this.#checkRules(fields)
    const id = newId()
    await this.database.transaction(async (sql) => {
      await sql
        .query('INSERT INTO projects (id, name) VALUES ($1, $2)', [id, fields.name])
        .catch(asHostProblem)
      await this.#write(sql, id, fields)
    })
    return this.get(id)
  }

  async get(id: string): Promise<ProjectRow> {
    const [row] = await this.database.query<ProjectRow>(`${SELECT} AND p.id = $1`, [id])
    if (!row) throw NotFound()
    return row
  }

  async list(page: PageRequest, only: string | null): Promise<ProjectRow[]> {
    const after = keyOfCursor(page, UUID_KEY)
    return this.database.query<ProjectRow>(
      `${SELECT} AND ($1::uuid IS NULL OR p.id < $1) AND ($3::uuid IS NULL OR p.id = $3) ORDER BY p.id DESC LIMIT $2`,
      [after, limitOf(page) + 1, only],
    )
  }

  async change(id: string, fields: ProjectFields): Promise<ProjectRow> {
    await this.get(id)
    this.#checkRules(fields)
    await this.database.transaction(async (sql) => {
      if (fields.name !== undefined)
        await sql.query('UPDATE projects SET name = $2 WHERE id = $1', [id, fields.name])
      await this.#write(sql, id, fields)
    })
    return this.get(id)
  }

  /** Its connections, events, keys and body keys go; a host application's own row stays. */
  async remove(id: string): Promise<void> {
    await this.get(id)
    await this.database.transaction(async (sql) => {
      const { rows } = await sql.query<{ ours: boolean }>(
        "SELECT obj_description('projects'::regclass) = 'made by Wasl' AS ours",
      )
      if (rows[0]?.ours) {
        await sql.query('DELETE FROM projects WHERE id = $1', [id])
        return
      }
      for (const table of ['integration_connections', 'api_keys', 'body_keys', 'integration_oauth_states']) {
        await sql.query(`DELETE FROM ${table} WHERE project_id = $1`, [id])
      }
      await sql.query(
        `INSERT INTO project_settings (project_id, deleted_at) VALUES ($1, now())
         ON CONFLICT (project_id) DO UPDATE SET deleted_at = now()`,
        [id],
      )
    })
  }

  async #write(sql: Sql, id: string, fields: ProjectFields): Promise<void> {
    await sql.query(
      `INSERT INTO project_settings AS s (project_id, country, data_residency, return_origins, retention, routing)
       VALUES ($1, $2, coalesce($3::text[], '{}'), coalesce($4::text[], '{}'), coalesce($5::jsonb, '{}'), coalesce($6::jsonb, '{}'))
       ON CONFLICT (project_id) DO UPDATE SET
         country = CASE WHEN $7 THEN excluded.country ELSE s.country END,
         data_residency = coalesce($3::text[], s.data_residency), return_origins = coalesce($4::text[], s.return_origins),
         retention = coalesce($5::jsonb, s.retention), routing = coalesce($6::jsonb, s.routing)`,
      [
        id,
        fields.country ?? null,
        fields.data_residency ?? null,
        fields.return_origins ?? null,
        fields.retention ?? null,
        fields.routing ?? null,
        fields.country !== undefined,
      ],
    )
  }

  #checkRules({ data_residency: countries = [], retention = {} }: ProjectFields): void {
    const here = this.settings.get('DATA_COUNTRY')
    if (countries.length > 0 && (here === undefined || !countries.includes(here))) {
      throw ResidencyUnmet({ values: { country: here ?? '?' } })
    }
    const errors = Object.entries(retention).flatMap(([what, text]): FieldProblem[] => {
      const most = this.settings.get(PLATFORM_RETENTION[what as keyof typeof PLATFORM_RETENTION])
      if (text === undefined || durationSeconds(text) <= most) return []
      return [
        {
          pointer: `/retention/${what}`,
          code: 'too_long',
          message: { en: 'Longer than the platform keeps it.', ar: 'أطول من مدة الحفظ في المنصة.' },
        },
      ]
    })
    if (errors.length > 0) throw RetentionTooLong({ errors })
  }
}

const PLATFORM_RETENTION = {
  bodies: 'RETENTION_BODIES',
  api_logs: 'RETENTION_API_LOGS',
  events: 'RETENTION_EVENTS',
  metrics: 'RETENTION_METRICS',
} as const

const NOT_NULL_VIOLATION = '23502'
const UNDEFINED_COLUMN = '42703'

function asHostProblem(error: unknown): never {
  const { code } = error as { code?: string }
  throw code === NOT_NULL_VIOLATION || code === UNDEFINED_COLUMN ? HostOwnsProjects() : error
}
