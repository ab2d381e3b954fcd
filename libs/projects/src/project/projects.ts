import { Injectable } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database, type Work } from '@app/database'
import { LockMode } from '@mikro-orm/core'
import {
  type FieldProblem,
  keyOfCursor,
  limitOf,
  newId,
  NotFound,
  type PageRequest,
  UUID_KEY,
} from '@app/http'
import { HostOwnsProjects, RetentionTooLong } from '../projects.problems.ts'
import type { ProjectFields } from './project.api.ts'
import { Project, ProjectSettings } from './project.ts'
import { residencyProblem } from './residency.ts'

/** Whose list the list of projects is: the platform's. */
export const ALL_PROJECTS = 'projects'

/** Tenants. What we know of one lies in `project_settings`; its row may be the host application's. */
@Injectable()
export class Projects {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  async create(fields: ProjectFields): Promise<Project> {
    this.#checkRules(fields)
    const id = newId()
    await this.database.transaction(async ({ em, query }) => {
      await query('INSERT INTO projects (id, name) VALUES ($1, $2)', [id, fields.name]).catch(asHostProblem)
      em.persist(new ProjectSettings(id, fields))
    })
    return this.get(id)
  }

  async get(id: string): Promise<Project> {
    const project = await this.database.reader().findOne(Project, { id })
    if (!project) throw NotFound()
    return project
  }

  /** The same for whoever wants to keep something for it: where its data may not lie, nothing is kept. */
  async forKeeping(id: string): Promise<Project> {
    const project = await this.get(id)
    const unmet = residencyProblem(this.settings, project.data_residency)
    if (unmet) throw unmet
    return project
  }

  async list(page: PageRequest, only: string | null): Promise<Project[]> {
    const after = keyOfCursor(page, ALL_PROJECTS, UUID_KEY)
    const own = only === null ? [] : [{ id: only }]
    const older = after === null ? [] : [{ id: { $lt: after } }]
    return this.database
      .reader()
      .find(Project, { $and: [...own, ...older] }, { orderBy: { id: 'desc' }, limit: limitOf(page) + 1 })
  }

  async change(id: string, fields: ProjectFields): Promise<Project> {
    await this.get(id)
    this.#checkRules(fields)
    await this.database.transaction(async (unit) => {
      if (fields.name !== undefined)
        await unit
          .query('UPDATE projects SET name = $2 WHERE id = $1', [id, fields.name])
          .catch(asHostProblem)
      const settings = await this.#settingsOf(id, unit)
      settings.change(fields)
    })
    return this.get(id)
  }

  /** Its connections, events, keys and body keys go; a host application's own row stays. */
  async remove(id: string): Promise<void> {
    await this.get(id)
    await this.database.transaction(async (unit) => {
      const { rows } = await unit.query<{ ours: boolean }>(
        "SELECT obj_description('projects'::regclass) = 'made by Wasl' AS ours",
      )
      if (rows[0]?.ours) {
        await unit.query('DELETE FROM projects WHERE id = $1', [id])
        return
      }
      for (const table of OF_A_PROJECT) {
        await unit.query(`DELETE FROM ${table} WHERE project_id = $1`, [id])
      }
      const settings = await this.#settingsOf(id, unit)
      settings.forget(new Date())
    })
  }

  /** A host application's project may have none yet, and two may ask for the first ones at once: the row key decides. */
  async #settingsOf(id: string, { em, query }: Work): Promise<ProjectSettings> {
    await query('INSERT INTO project_settings (project_id) VALUES ($1) ON CONFLICT DO NOTHING', [id])
    return em.findOneOrFail(ProjectSettings, { project_id: id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
  }

  #checkRules({ data_residency: countries = [], retention = {} }: ProjectFields): void {
    const unmet = residencyProblem(this.settings, countries)
    if (unmet) throw unmet
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

/** What a forgotten project leaves nothing of, with what hangs on these rows, though the host's row stays. */
const OF_A_PROJECT = [
  'integration_connections',
  'api_keys',
  'body_keys',
  'integration_oauth_states',
  'idempotency_keys',
  'destinations',
  'outgoing_events',
  'event_references',
  'event_attempts',
  'event_replays',
] as const

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
