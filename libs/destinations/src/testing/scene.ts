import { Database, type Sql } from '@app/database'
import { newId } from '@app/http'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'

export interface DestinationFields {
  id?: string
  project?: string
  environment?: 'dev' | 'staging' | 'prod' | null
  status?: string
  types?: string[]
  providers?: string[]
  ordered?: boolean
}

export interface EventFields {
  project?: string
  environment?: string
  type?: string
  subject?: string
  provider?: string | null
}

/** A project with destinations and events as rows, for questions to the database itself. */
export class Scene {
  private constructor(
    private readonly fresh: FreshDatabase,
    readonly database: Database,
    readonly project: string,
  ) {}

  static async open(): Promise<Scene> {
    const fresh = await freshDatabase()
    const database = await Database.connect(fresh.url)
    const scene = new Scene(fresh, database, newId())
    await scene.addProject(scene.project)
    return scene
  }

  async addProject(id = newId()): Promise<string> {
    await this.database.query("INSERT INTO projects (id, name) VALUES ($1, 'p')", [id])
    return id
  }

  async destination({ id = newId(), ...fields }: DestinationFields = {}): Promise<string> {
    await this.database.query(
      `INSERT INTO destinations (id, project_id, environment, url, status, types, providers, ordered)
       VALUES ($1, $2, $3, 'https://app.example/', $4, $5, $6, $7)`,
      [
        ...[id, fields.project ?? this.project, fields.environment ?? null, fields.status ?? 'enabled'],
        ...[fields.types ?? [], fields.providers ?? [], fields.ordered ?? false],
      ],
    )
    return id
  }

  async event(fields: EventFields = {}, unit: Sql = asSql(this.database)): Promise<string> {
    const id = newId()
    await unit.query(
      `INSERT INTO outgoing_events (id, project_id, environment, provider, type, subject, occurred_at, data)
       VALUES ($1, $2, $3, $4, $5, $6, now(), '{"object": {}, "trust": "observed"}')`,
      [
        ...[id, fields.project ?? this.project, fields.environment ?? 'dev'],
        ...[fields.provider === undefined ? 'github' : fields.provider, fields.type ?? 'code.pushed'],
        fields.subject ?? 'subject',
      ],
    )
    return id
  }

  /** Deliveries of one destination, in the order in which they were written. */
  async deliveries(destination: string): Promise<Row[]> {
    return this.database.query<Row>(
      'SELECT * FROM destination_deliveries WHERE destination_id = $1 ORDER BY seq',
      [destination],
    )
  }

  async clear(): Promise<void> {
    await this.database.query(
      'TRUNCATE destinations, destination_deliveries, delivery_attempts, outgoing_events',
    )
  }

  async close(): Promise<void> {
    await this.database.close()
    await this.fresh.drop()
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- What a row holds is what the test asks.
export type Row = Record<string, any>

export function asSql(database: Database): Sql {
  const query = async (text: string | { text: string; values: unknown[] }, values?: unknown[]) => {
    const rows =
      typeof text === 'string'
        ? await database.query(text, values)
        : await database.query(text.text, text.values)
    return { rows, rowCount: rows.length }
  }
  return { query } as unknown as Sql
}
