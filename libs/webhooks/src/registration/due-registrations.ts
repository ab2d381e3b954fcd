import { Injectable } from '@nestjs/common'
import type { Known } from '@app/connections'
import { Database } from '@app/database'

/** How often each connection's registration is looked at. */
export const INTERVAL_SECONDS = 6 * 3_600

/** The connection's own moment of the interval, from its id: so they are spread over it, and stay so. */
const PHASE = `(hashtextextended(c.id::text, 1) & 65535) / 65536.0 * ${INTERVAL_SECONDS}`
/** When that was last. */
const MOMENT = `to_timestamp(
  floor((extract(epoch FROM now()) - ${PHASE}) / ${INTERVAL_SECONDS}) * ${INTERVAL_SECONDS} + ${PHASE})`

/**
 * Whose turn it is. To take a connection is to note that it had its turn, in one statement: whoever is killed with it has
 * missed one. By hand: rows of all projects, some of which have no row here yet.
 */
@Injectable()
export class DueRegistrations {
  constructor(private readonly database: Database) {}

  /** Those whose moment has passed since their last turn; with `all`, those too whose has not. In the order of their ids. */
  async take(
    after: string,
    providers: readonly string[],
    { all, most }: { all: boolean; most: number },
  ): Promise<Known[]> {
    const rows = await this.database.query<Known & Record<string, unknown>>(
      `INSERT INTO webhook_registrations AS r (connection_id, project_id, environment, tried_at)
       SELECT c.id, c.project_id, c.environment, now() FROM integration_connections c
       LEFT JOIN webhook_registrations known ON known.connection_id = c.id
       LEFT JOIN project_settings s ON s.project_id = c.project_id
       WHERE c.id > $1 AND c.provider::text = ANY ($2) AND c.status IN ('connected', 'refreshing')
         AND c.credentials IS NOT NULL AND c.webhook_url IS NOT NULL AND s.deleted_at IS NULL
         AND ($3 OR coalesce(known.tried_at, c.created_at) < ${MOMENT})
       ORDER BY c.id LIMIT $4
       ON CONFLICT (connection_id) DO UPDATE SET tried_at = now()
       RETURNING r.connection_id AS id, r.project_id, r.environment`,
      [after, providers, all, most],
    )
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  }
}
