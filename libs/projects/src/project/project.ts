import type { ProjectFields } from './project.api.ts'

/** A tenant as it is read: its row, which may be the host application's, and what we know beside it. */
export class Project {
  readonly id!: string
  readonly name!: string | null
  readonly country!: string | null
  readonly data_residency!: string[]
  readonly return_origins!: string[]
  readonly retention!: Record<string, string>
  readonly routing!: Record<string, string[]>
  readonly created_at!: Date
}

/** What the platform keeps of a project. */
export class ProjectSettings {
  readonly project_id: string
  readonly country: string | null = null
  readonly data_residency: string[] = []
  readonly return_origins: string[] = []
  readonly retention: Record<string, string> = {}
  readonly routing: Record<string, string[]> = {}
  /** A host application's row is never deleted; the project is only forgotten here. */
  readonly deleted_at: Date | null = null
  readonly created_at!: Date
  readonly updated_at!: Date

  constructor(projectId: string, fields: ProjectFields) {
    this.project_id = projectId
    this.change(fields)
  }

  /** What is not named stays as it is. */
  change({ country, data_residency, return_origins, retention, routing }: ProjectFields): void {
    const named = Object.entries({ country, data_residency, return_origins, retention, routing })
    Object.assign(this, Object.fromEntries(named.filter(([, value]) => value !== undefined)))
  }

  forget(now: Date): void {
    Object.assign(this, { deleted_at: now } satisfies Partial<ProjectSettings>)
  }
}
