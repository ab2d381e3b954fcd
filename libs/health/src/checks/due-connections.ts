import { Injectable } from '@nestjs/common'
import type { Known } from '@app/connections'
import { Database } from '@app/database'

/** How often each connection is checked (unified-models.md 7.6). */
export const INTERVAL_SECONDS = 300

/** The connection's own moment of the interval, from its id: ten thousand are spread, and stay so after a standstill. */
const PHASE = `(hashtextextended(c.id::text, 0) & 65535) / 65536.0 * ${INTERVAL_SECONDS}`
const NEXT = `to_timestamp(
  (floor((extract(epoch FROM now()) - ${PHASE}) / ${INTERVAL_SECONDS}) + 1) * ${INTERVAL_SECONDS} + ${PHASE})`

/** Those without credentials (imported) are let be until somebody enters some. */
const CHECKED = "status IN ('pending', 'connected') AND credentials IS NOT NULL"

/**
 * Whose turn it is. To take a connection is to set its next turn, in one statement: no other replica finds it due, and
 * whoever is killed with it has only missed one. By hand: a room below owns the table, and the race is here.
 */
@Injectable()
export class DueConnections {
  constructor(private readonly database: Database) {}

  /**
   * Null: none is due. One that is late by a whole interval, or has had no turn yet, gets its place among the others
   * instead: after a standstill they would all come at once.
   */
  async take(most: number): Promise<Known[] | null> {
    const rows = await this.database.query<Known & { on_time: boolean | null }>(
      `UPDATE integration_connections c SET next_health_check = ${NEXT}
       FROM (SELECT id, next_health_check AS due FROM integration_connections
             WHERE ${CHECKED} AND coalesce(next_health_check, '-infinity') <= now()
             ORDER BY coalesce(next_health_check, '-infinity') LIMIT $1 FOR UPDATE SKIP LOCKED) taken
       WHERE c.id = taken.id
       RETURNING c.id, c.project_id, c.environment, taken.due > now() - interval '${INTERVAL_SECONDS} seconds' AS on_time`,
      [most],
    )
    return rows.length === 0 ? null : rows.filter(({ on_time }) => on_time)
  }

  /** All of them, page by page, due or not. */
  async takeAfter(id: string, most: number): Promise<Known[] | null> {
    const rows = await this.database.query<Known>(
      `UPDATE integration_connections c SET next_health_check = ${NEXT}
       FROM (SELECT id FROM integration_connections WHERE ${CHECKED} AND id > $1
             ORDER BY id LIMIT $2 FOR UPDATE) taken
       WHERE c.id = taken.id
       RETURNING c.id, c.project_id, c.environment`,
      [id, most],
    )
    return rows.length === 0 ? null : rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** One that traffic speaks ill of; null where it was asked within the last minute, or is none to be asked. */
  async takeNow(id: string): Promise<Known | null> {
    const [row] = await this.database.query<Known>(
      `UPDATE integration_connections c SET next_health_check = ${NEXT}
       WHERE id = $1 AND ${CHECKED} AND (last_health_check IS NULL OR last_health_check < now() - interval '1 minute')
       RETURNING id, project_id, environment`,
      [id],
    )
    return row ?? null
  }
}
