import { EntitySchema } from '@mikro-orm/core'
import { Project, ProjectSettings } from './project.ts'

// Written by hand: of a host application's table only `id` is certain, so even the name is asked for without naming a column.
export const projectSchema = new EntitySchema({
  class: Project,
  expression: `SELECT p.id, to_jsonb(p) ->> 'name' AS name, coalesce(s.created_at, now()) AS created_at, s.country,
      coalesce(s.data_residency, '{}') AS data_residency, coalesce(s.return_origins, '{}') AS return_origins,
      coalesce(s.retention, '{}') AS retention, coalesce(s.routing, '{}') AS routing
    FROM projects p LEFT JOIN project_settings s ON s.project_id = p.id
    WHERE s.deleted_at IS NULL`,
  properties: {
    id: { type: 'uuid' },
    name: { type: 'text', nullable: true },
    country: { type: 'text', nullable: true },
    data_residency: { type: 'string[]', columnType: 'text[]' },
    return_origins: { type: 'string[]', columnType: 'text[]' },
    retention: { type: 'json', columnType: 'jsonb' },
    routing: { type: 'json', columnType: 'jsonb' },
    created_at: { type: 'Date', columnType: 'timestamptz' },
  },
})

export const projectSettingsSchema = new EntitySchema({
  class: ProjectSettings,
  tableName: 'project_settings',
  properties: {
    project_id: { type: 'uuid', primary: true },
    country: { type: 'text', nullable: true },
    data_residency: { type: 'string[]', columnType: 'text[]', defaultRaw: "'{}'" },
    return_origins: { type: 'string[]', columnType: 'text[]', defaultRaw: "'{}'" },
    retention: { type: 'json', columnType: 'jsonb', defaultRaw: "'{}'" },
    routing: { type: 'json', columnType: 'jsonb', defaultRaw: "'{}'" },
    deleted_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    created_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    updated_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
  },
})
