import { BY_INDEX, type Database, Lane } from '@app/database'
import {
  type Claimed,
  claimSuspectText,
  claimText,
  giveBackText,
  renewText,
  type WorkTable,
} from './work-table.ts'

const NOWHERE = '00000000-0000-0000-0000-000000000000'

/** What is taken by one claim. */
export interface Wanted {
  most: number
  /** Of one lane; more would delay the others. */
  perLane: number
  /** Lanes that have enough under way here. */
  not: readonly string[]
}

export type Taken<Row> = Row & Claimed & { lane: string }

/** Claims, leases and what gives them back, for one table; by the database's clock, on a connection of its own. */
export class WorkQueue<Row extends object> {
  readonly #lane: Lane
  /** Where the last claim came to: the next one goes on behind it, so that every lane has its turn. */
  #after = NOWHERE

  constructor(
    database: Database,
    private readonly table: WorkTable,
  ) {
    this.#lane = new Lane(database.url, `work-${table.name}`, 9_000, BY_INDEX)
  }

  async claim({ most, perLane, not }: Wanted): Promise<Taken<Row>[]> {
    const from = this.#after
    const { rows } = await this.#lane.query<Taken<Row>>({
      name: 'claim',
      text: claimText(this.table),
      values: [most, from, not, perLane],
    })
    const furthest = rows.reduce((last, { lane }) => (lane > last ? lane : last), NOWHERE)
    // Behind the last lane the round begins anew; what lies before it is looked at within the same call.
    this.#after = furthest
    if (rows.length === 0 && from !== NOWHERE) return this.claim({ most, perLane, not })
    return rows
  }

  /** One row that may have killed its worker. */
  async claimSuspect(): Promise<Taken<Row> | undefined> {
    const { rows } = await this.#lane.query<Taken<Row>>({
      name: 'claim-suspect',
      text: claimSuspectText(this.table),
    })
    return rows[0]
  }

  /** The ids that are still ours. */
  async renew(rows: readonly Claimed[]): Promise<Set<string>> {
    const result = await this.#lane.query<{ id: string }>({
      name: 'renew',
      text: renewText(this.table),
      values: keysOf(rows),
    })
    return new Set(result.rows.map(({ id }) => id))
  }

  async giveBack(rows: readonly Claimed[]): Promise<void> {
    await this.#lane.query({ name: 'give-back', text: giveBackText(this.table), values: keysOf(rows) })
  }

  async close(): Promise<void> {
    await this.#lane.close()
  }
}

/** The two lists by which statements know claimed rows: ids, and the tokens that must still be theirs. */
export function keysOf(rows: readonly Claimed[]): [string[], string[]] {
  return [rows.map(({ id }) => id), rows.map(({ lease_token: token }) => String(token))]
}
