import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import { GroupCommit } from '@app/bodies'
import { Database, isDataAtFault, Lane } from '@app/database'
import { newId } from '@app/http'
import type { Taken } from '@app/jobs'
import { errorFields } from '@app/secrets'
import type { Delivery } from '../delivery/delivery.ts'
import { NEVER_SENT, type Tried } from './sending.ts'
import { type Verdict, verdictOn } from './verdict.ts'

/** `lost`: somebody else has the delivery by now, and what we found out about it is refused. */
export type Written = Verdict['status'] | 'lost'

interface Ended {
  delivery: Taken<Delivery>
  tried: Tried
  verdict: Verdict
}

/** The database is away: what came back is kept in mind for so long, or it would be sent again. */
const TRIES = 20
const REST_MS = 500

/** What came back, written in groups: the delivery's end or next turn, a row a try, and how the destination is. */
@Injectable()
export class Outcomes implements OnApplicationShutdown {
  private readonly logger = new Logger('deliveries')
  readonly #lane: Lane
  readonly #groups: GroupCommit<Ended, Written>

  constructor(database: Database) {
    this.#lane = new Lane(database.url, 'deliveries')
    const limits = { lanes: 1, groupItems: 200, groupBytes: Infinity, waitingBytes: Infinity }
    this.#groups = new GroupCommit(limits, (ended) => this.#write(ended))
  }

  write(delivery: Taken<Delivery>, tried: Tried): Promise<Written> {
    const verdict = verdictOn(tried.outcome, delivery.retry_count)
    return this.#groups.add({ delivery, tried, verdict }, 0)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#groups.close()
    await this.#lane.close()
  }

  async #write(ended: Ended[]): Promise<(Written | Error)[]> {
    const written = await this.#persistently(ended)
    const real = ended.filter((_, n) => written[n] !== 'lost' && !(written[n] instanceof Error))
    // Neither must hold back what was written: the next group says the same.
    await this.#noteStanding(real).catch((error: unknown) => {
      this.logger.warn({ msg: 'how destinations are was not noted', ...errorFields(error) })
    })
    await this.#postponeFollowers(real).catch((error: unknown) => {
      this.logger.warn({ msg: 'what waits for its turn was not postponed', ...errorFields(error) })
    })
    return written
  }

  async #persistently(ended: Ended[]): Promise<(Written | Error)[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#end(ended)
      } catch (error) {
        if (isDataAtFault(error)) return this.#singly(ended, error as Error)
        if (tries === TRIES) throw error
        await new Promise((resolve) => setTimeout(resolve, REST_MS))
      }
    }
  }

  /** One bad row must not sink its neighbours. */
  async #singly(ended: Ended[], error: Error): Promise<(Written | Error)[]> {
    if (ended.length === 1) return [error]
    const written: (Written | Error)[] = []
    for (const one of ended) written.push(...(await this.#persistently([one])))
    return written
  }

  async #end(ended: Ended[]): Promise<Written[]> {
    const { rows } = await this.#lane.query<{ id: string }>({
      name: 'end-deliveries',
      text: END,
      values: [JSON.stringify(ended.map(rowOf))],
    })
    const ours = new Set(rows.map(({ id }) => id))
    return ended.map(({ delivery, verdict }) => (ours.has(delivery.id) ? verdict.status : 'lost'))
  }

  async #noteStanding(ended: Ended[]): Promise<void> {
    const well = new Map<string, boolean>()
    for (const { delivery, tried, verdict } of ended) {
      const { destination_id: id } = delivery
      // What was never sent says nothing about it.
      if (tried.kind === NEVER_SENT) continue
      well.set(id, well.get(id) === true || verdict.status === 'delivered')
    }
    if (well.size === 0) return
    await this.#lane.query({
      name: 'note-standing',
      text: NOTE_STANDING,
      values: [[...well.keys()], [...well.values()]],
    })
  }

  async #postponeFollowers(ended: Ended[]): Promise<void> {
    const failed = ended
      .filter(({ delivery, verdict }) => verdict.status === 'retrying' && delivery.order_key !== null)
      .map(({ delivery }) => delivery.id)
    if (failed.length === 0) return
    await this.#lane.query({ name: 'postpone-followers', text: POSTPONE_FOLLOWERS, values: [failed] })
  }
}

function rowOf({ delivery, tried: { outcome, ms }, verdict }: Ended): Record<string, unknown> {
  return {
    id: delivery.id,
    token: delivery.lease_token,
    attempt_id: newId(),
    status: verdict.status,
    wait: verdict.status === 'retrying' ? verdict.afterSeconds : null,
    code: outcome.code,
    response_status: outcome.status ?? null,
    response_excerpt: outcome.excerpt ?? null,
    duration_ms: ms,
  }
}

/** By hand: a group in one statement, each row only under the lease with which it was sent. */
const END = `
  WITH told AS (
    SELECT * FROM json_to_recordset($1::json) AS t (id uuid, token bigint, attempt_id uuid, status text, wait double precision,
      code text, response_status int, response_excerpt text, duration_ms int)
  ), ended AS (
    UPDATE destination_deliveries w SET status = t.status, next_retry_at = now() + make_interval(secs => t.wait),
      error_message = CASE WHEN t.status <> 'delivered' THEN t.code END,
      delivered_at = CASE WHEN t.status = 'delivered' THEN now() END, lease_until = NULL
    FROM told t WHERE w.id = t.id AND w.lease_token = t.token AND w.status = 'processing'
    RETURNING w.id, w.project_id, w.retry_count, t.attempt_id, t.code, t.response_status, t.response_excerpt, t.duration_ms
  ), kept AS (
    INSERT INTO delivery_attempts (id, delivery_id, project_id, attempt, outcome, response_status, response_excerpt, duration_ms)
    SELECT attempt_id, id, project_id, retry_count, code, response_status, response_excerpt, duration_ms FROM ended
  )
  SELECT id FROM ended`

/** Locked in one order, so that two processes never wait for each other; and not for each success: the row is hot. */
const NOTE_STANDING = `
  UPDATE destinations d SET failing_since = CASE WHEN s.well THEN NULL ELSE now() END,
    last_success_at = CASE WHEN s.well THEN now() ELSE d.last_success_at END
  FROM (SELECT held.id, told.well FROM unnest($1::uuid[], $2::boolean[]) AS told (id, well)
        JOIN destinations held ON held.id = told.id AND held.status <> 'deleted' AND CASE
          WHEN told.well THEN held.failing_since IS NOT NULL OR held.last_success_at IS NULL
            OR held.last_success_at < now() - interval '1 minute'
          ELSE held.failing_since IS NULL END
        ORDER BY held.id FOR NO KEY UPDATE OF held) s
  WHERE d.id = s.id`

/** What waits behind $1 is not looked at before these are due; as much of it as one short statement takes. */
const POSTPONE_FOLLOWERS = `
  UPDATE destination_deliveries w SET next_retry_at = f.until
  FROM (SELECT follower.id, failed.next_retry_at AS until FROM destination_deliveries failed
        JOIN destination_deliveries follower ON follower.destination_id = failed.destination_id
          AND follower.order_key = failed.order_key AND follower.seq > failed.seq
          AND follower.status IN ('pending', 'retrying')
          AND coalesce(follower.next_retry_at, follower.created_at) < failed.next_retry_at
        WHERE failed.id = ANY ($1) AND failed.status = 'retrying'
        LIMIT 10000 FOR UPDATE OF follower SKIP LOCKED) f
  WHERE w.id = f.id`
