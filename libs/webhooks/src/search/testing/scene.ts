import type { Database } from '@app/database'
import { leastIdOf } from '../time-of-ids.ts'

/** Events for the tests of the search: plain rows, and what a slow reading of the same question finds among them. */
export interface Row {
  id: string
  connection: SceneConnection
  type: string | null
  eventId: string | null
  status: string
  createdAt: Date
  references: string[]
}

export interface SceneConnection {
  id: string
  project: string
  provider: string
  environment: 'dev' | 'staging' | 'prod'
}

export interface Asked {
  connection_id?: string
  provider?: string
  type?: string
  status?: string
  from?: string
  to?: string
  q?: string
}

/** The least id of that time, and a tail of its own. */
export function idAt(at: Date, tail: number): string {
  return leastIdOf(at.getTime()).slice(0, 14) + `7000-8000-${tail.toString(16).padStart(12, '0')}`
}

/** By the book: every row is looked at. */
export function expected(
  rows: readonly Row[],
  of: { project: string; environment: string | null },
  asked: Asked,
): string[] {
  const { connection_id, provider, type, status, from, to, q } = asked
  return rows
    .filter(({ connection }) => connection.project === of.project)
    .filter(({ connection }) => of.environment === null || connection.environment === of.environment)
    .filter(({ connection }) => connection_id === undefined || connection.id === connection_id)
    .filter(({ connection }) => provider === undefined || connection.provider === provider)
    .filter((row) => type === undefined || row.type === type || row.references.includes(`type:${type}`))
    .filter((row) => status === undefined || row.status === status)
    .filter((row) => from === undefined || row.createdAt >= new Date(from))
    .filter((row) => to === undefined || row.createdAt < new Date(to))
    .filter((row) => q === undefined || [row.id, row.eventId, ...row.references].includes(q))
    .map(({ id }) => id)
    .sort()
    .reverse()
}

export async function keepConnections(
  database: Database,
  connections: readonly SceneConnection[],
): Promise<void> {
  await database.query(
    "INSERT INTO projects (id, name) SELECT DISTINCT unnest($1::uuid[]), 'p' ON CONFLICT DO NOTHING",
    [connections.map(({ project }) => project)],
  )
  await database.query(
    `INSERT INTO integration_connections (id, project_id, provider, environment)
     SELECT id, project, provider, environment FROM json_to_recordset($1)
       AS c (id uuid, project uuid, provider integration_provider_type, environment integration_environment)`,
    [JSON.stringify(connections)],
  )
}

export async function keepRows(database: Database, rows: readonly Row[]): Promise<void> {
  const flat = rows.map(({ connection, ...row }) => ({ ...connection, ...row, connection_id: connection.id }))
  await database.query(
    `INSERT INTO integration_events (id, connection_id, project_id, environment, provider, event_type, event_id, event_hash, status, created_at)
     SELECT id, connection_id, project, environment, provider, type, "eventId", id::text, status, "createdAt" FROM json_to_recordset($1)
       AS e (id uuid, connection_id uuid, project uuid, environment integration_environment, provider integration_provider_type,
         type text, "eventId" text, status integration_event_status, "createdAt" timestamptz)`,
    [JSON.stringify(flat)],
  )
  await database.query(
    `INSERT INTO event_references (project_id, reference, connection_id, event_id)
     SELECT DISTINCT project, reference, connection_id, id FROM json_to_recordset($1)
       AS e (id uuid, connection_id uuid, project uuid, "references" json), json_array_elements_text("references") reference`,
    [JSON.stringify(flat)],
  )
}
