import { Injectable, type OnModuleInit } from '@nestjs/common'
import { placeOfBodyKey } from '@app/bodies'
import { placeOfCredentials } from '@app/connections'
import { Database } from '@app/database'
import { placeOfAnswer } from '@app/idempotency'
import { placeOfSecrets } from '@app/destinations'
import { Tasks } from '@app/jobs'
import { KeyRing, type Place } from '@app/secrets'

interface SealedRow extends Record<string, unknown> {
  id: string
  project_id: string
  environment: string
  envelope: unknown
}

/** Every column that holds envelopes, and the place that each of its rows is bound to. */
const COLUMNS: readonly {
  table: string
  column: string
  environment: string
  place(row: SealedRow): Place
}[] = [
  {
    table: 'integration_connections',
    column: 'credentials',
    environment: 'environment',
    place: placeOfCredentials,
  },
  {
    table: 'body_keys',
    column: 'wrapped_key',
    environment: 'NULL',
    place: ({ id, project_id }) => placeOfBodyKey(id, project_id),
  },
  {
    table: 'idempotency_keys',
    column: 'response',
    environment: 'environment',
    place: placeOfAnswer,
  },
  {
    table: 'destinations',
    column: 'secrets',
    environment: 'environment',
    place: placeOfSecrets,
  },
]

const BATCH = 100

/**
 * Seals everything anew under the first of ENCRYPTION_KEYS, while serving. Each row changes only if it is still what
 * was read; killed anywhere, the next run goes on with what is left.
 */
@Injectable()
export class RewrapKeys implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly keyRing: KeyRing,
  ) {}

  onModuleInit(): void {
    this.tasks.add({ name: 'rewrap-keys', everySeconds: null, run: () => this.run() })
  }

  async run(): Promise<Record<string, number>> {
    const outcome: Record<string, number> = {}
    for (const column of COLUMNS) {
      outcome[`${column.table}.${column.column}`] = await this.#rewrapColumn(column)
    }
    return { ...outcome, ...(await this.#countsByKey()) }
  }

  /** A key id that no row is counted under can be taken out of ENCRYPTION_KEYS. */
  async #countsByKey(): Promise<Record<string, number>> {
    const envelopes = COLUMNS.map(
      ({ table, column }) => `SELECT ${column} ->> 'kid' AS kid FROM ${table} WHERE ${column} IS NOT NULL`,
    )
    const rows = await this.database.query<{ kid: string; n: number }>(
      `SELECT kid, count(*)::int AS n FROM (${envelopes.join(' UNION ALL ')}) sealed GROUP BY kid ORDER BY kid`,
    )
    return Object.fromEntries(rows.map(({ kid, n }) => [`under key ${kid}`, n]))
  }

  async #rewrapColumn({ table, column, environment, place }: (typeof COLUMNS)[number]): Promise<number> {
    let done = 0
    let after = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const rows = await this.database.query<SealedRow>(
        `SELECT id, project_id, ${environment} AS environment, ${column} AS envelope FROM ${table}
         WHERE id > $1 AND ${column} ->> 'kid' <> $2 ORDER BY id LIMIT ${BATCH}`,
        [after, this.keyRing.currentKeyId],
      )
      for (const row of rows) {
        const changed = await this.database.query(
          `UPDATE ${table} SET ${column} = $2 WHERE id = $1 AND ${column} = $3 RETURNING id`,
          [row.id, this.keyRing.rewrap(row.envelope, place(row)), row.envelope],
        )
        done += changed.length
      }
      const last = rows.at(-1)
      if (!last) return done
      after = last.id
    }
  }
}
