import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../../../test/support/database.ts'
import type { Taken } from '../work-queue.ts'
import type { WorkTable } from '../work-table.ts'
import type { Work } from '../worker.ts'

/** The least that a row of work is. */
export interface Errand {
  status: string
  next_retry_at: Date | null
  lease_until: Date | null
  error_message: string | null
}

export const lane = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`

/** A table of work that belongs to nobody, in a database of its own. Lanes in `closed_lanes` are held. */
export class Errands {
  readonly table: WorkTable = {
    name: 'errands',
    lane: 'lane',
    statusType: 'text',
    laneIsOpen: 'NOT EXISTS (SELECT FROM closed_lanes c WHERE c.lane = l.lane)',
    isReady: 'w.ready',
    isSuspect: "w.error_message = 'worker_lost'",
  }

  private constructor(
    readonly database: Database,
    private readonly fresh: FreshDatabase | null,
  ) {}

  static async open(): Promise<Errands> {
    const fresh = await freshDatabase('blank')
    return Errands.over(await Database.connect(fresh.url), fresh)
  }

  static async over(database: Database, fresh: FreshDatabase | null = null): Promise<Errands> {
    await database.query(
      `CREATE TABLE errands (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), lane uuid NOT NULL, status text NOT NULL DEFAULT 'pending',
         retry_count int NOT NULL DEFAULT 0, next_retry_at timestamptz, lease_until timestamptz, lease_token bigint NOT NULL DEFAULT 0,
         error_message text, ready boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now())`,
    )
    await database.query(
      "CREATE INDEX ON errands (lane, coalesce(next_retry_at, created_at)) WHERE status IN ('pending', 'retrying')",
    )
    await database.query('CREATE TABLE closed_lanes (lane uuid)')
    return new Errands(database, fresh)
  }

  get url(): string {
    return this.database.url
  }

  /** So many in a lane, due since a second. `columns` are further ones, as SQL. */
  async add(count: number, inLane: string, columns: Record<string, string> = {}): Promise<string[]> {
    const all = { created_at: "now() - interval '1 second'", ...columns }
    const rows = await this.database.query<{ id: string }>(
      `INSERT INTO errands (lane, ${Object.keys(all).join()}) SELECT $1, ${Object.values(all).join()}
       FROM generate_series(1, $2::int) n RETURNING id`,
      [inLane, count],
    )
    return rows.map(({ id }) => id)
  }

  rows<Row extends Record<string, unknown>>(columns: string, where = 'true'): Promise<Row[]> {
    return this.database.query<Row>(`SELECT ${columns} FROM errands WHERE ${where} ORDER BY lane, id`)
  }

  async count(where = 'true'): Promise<number> {
    const [row] = await this.database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM errands WHERE ${where}`,
    )
    return row?.n ?? -1
  }

  /** Ends rows under their lease, as whoever handles them must; answers how many were still ours. */
  async end(rows: readonly Taken<Errand>[], status = 'done'): Promise<number> {
    const ended = await this.database.query(
      `UPDATE errands w SET status = $3, lease_until = NULL FROM unnest($1::uuid[], $2::bigint[]) AS o (id, token)
       WHERE w.id = o.id AND w.lease_token = o.token AND w.status = 'processing' RETURNING w.id`,
      [rows.map(({ id }) => id), rows.map(({ lease_token: token }) => token), status],
    )
    return ended.length
  }

  /** Work that ends what it is given. */
  work(fields: Partial<Work<Errand>> = {}): Work<Errand> {
    return {
      name: 'errands',
      batch: 10,
      atOnce: 20,
      perLane: 10,
      timeoutMs: 5_000,
      together: false,
      handle: async (rows) => {
        await this.end(rows)
      },
      timedOut: async (rows) => {
        await this.end(rows, 'timed_out')
      },
      ...fields,
    }
  }

  async clear(): Promise<void> {
    await this.database.query('TRUNCATE errands, closed_lanes')
  }

  async remove(): Promise<void> {
    await this.database.close()
    await this.fresh?.drop()
  }
}
