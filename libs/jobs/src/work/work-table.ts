/**
 * A table whose rows are work. It has the columns `id uuid, status, retry_count, next_retry_at, lease_until, lease_token
 * bigint, created_at`, and an index on `(lane, coalesce(next_retry_at, created_at)) WHERE status IN ('pending',
 * 'retrying')`. All of this is written by us, never by anybody's input: it becomes part of SQL.
 */
export interface WorkTable {
  name: string
  /** The column whose values share fairly: a backlog of one does not delay another. */
  lane: string
  /** The type of `status`, where it is not text. */
  statusType: string
  /** The columns that a worker is told beside those of {@link Claimed}. Left out: all. */
  reads?: readonly string[]
  /** Of the rows of lane `l.lane`: may they be worked on now? Left out: always. */
  laneIsOpen?: string
  /** Of a row `w`: may it be worked on now? Left out: when it is due. */
  isReady?: string
  /** Of a row `w`: is it suspected of having killed its worker? Those are worked on alone. Unknown (null) is no. */
  isSuspect: string
}

/** What every claimed row tells, whatever else is read of it. */
export interface Claimed {
  id: string
  lease_token: string
  /** Attempts, this one included: counted before it begins. */
  retry_count: number
}

export const LEASE_SECONDS = 30

const DUE = `w.status IN ('pending', 'retrying')`
const WHEN = 'coalesce(w.next_retry_at, w.created_at)'

/**
 * Takes up to $1 rows that are due, from lanes after $2 in turn and none of $3. It hops from lane to lane along the
 * index, so a million rows behind one lane cost a hop, and each lane that has work gives its share. One statement:
 * locked rows are passed by, and whoever is second finds the next ones. Lanes are looked at one by one (CASE, and no
 * EXISTS that becomes a join), in their order: whoever claims next goes on behind the furthest, and would pass by those
 * that had no turn.
 */
export function claimText(table: WorkTable): string {
  const { name, lane, laneIsOpen = 'true', isReady = 'true', isSuspect } = table
  return claim(
    table,
    `lanes AS (
       (SELECT w.${lane} AS lane FROM ${name} w WHERE ${DUE} AND w.${lane} > $2 ORDER BY w.${lane} LIMIT 1)
       UNION ALL
       SELECT (SELECT w.${lane} FROM ${name} w WHERE ${DUE} AND w.${lane} > l.lane ORDER BY w.${lane} LIMIT 1)
       FROM lanes l WHERE l.lane IS NOT NULL
     ), open AS (
       SELECT l.lane FROM lanes l
       WHERE CASE WHEN l.lane IS NOT NULL AND l.lane <> ALL ($3::uuid[]) AND (${laneIsOpen})
         THEN (SELECT true FROM ${name} w WHERE ${DUE} AND w.${lane} = l.lane AND ${WHEN} <= now()
               AND (${isSuspect}) IS NOT TRUE AND (${isReady}) ORDER BY ${WHEN} LIMIT 1) END
       LIMIT ${LANES_AT_ONCE}
     ), picked AS (
       SELECT p.id FROM open, LATERAL (
         SELECT w.id FROM ${name} w
         WHERE ${DUE} AND w.${lane} = open.lane AND ${WHEN} <= now() AND (${isSuspect}) IS NOT TRUE AND (${isReady})
         ORDER BY ${WHEN} LIMIT greatest(1, least($4::int, $1::int / (SELECT count(*) FROM open)))
         FOR UPDATE SKIP LOCKED) p
       LIMIT $1
     )`,
  )
}

/** The same for one row that may have killed its worker. */
export function claimSuspectText(table: WorkTable): string {
  const { name, lane, laneIsOpen = 'true', isSuspect } = table
  return claim(
    table,
    `picked AS (
       SELECT w.id FROM ${name} w, LATERAL (SELECT w.${lane} AS lane) l
       WHERE w.status = 'retrying' AND ${WHEN} <= now() AND (${isSuspect}) AND (${laneIsOpen})
       ORDER BY ${WHEN} LIMIT 1 FOR UPDATE OF w SKIP LOCKED
     )`,
  )
}

/** How many lanes one claim may draw from. */
const LANES_AT_ONCE = 50

function claim({ name, lane, statusType, reads = ['*'] }: WorkTable, steps: string): string {
  const told = ['id', 'lease_token', 'retry_count', ...reads].map((column) => `w.${column}`)
  return `WITH RECURSIVE ${steps}
     UPDATE ${name} w SET status = 'processing'::${statusType}, lease_until = now() + interval '${LEASE_SECONDS} seconds',
       lease_token = w.lease_token + 1, retry_count = w.retry_count + 1
     FROM picked WHERE w.id = picked.id RETURNING ${told.join()}, w.${lane} AS lane`
}

/** Keeps $1 under their leases $2; answers those that are still ours. */
export function renewText({ name }: WorkTable): string {
  return `UPDATE ${name} w SET lease_until = now() + interval '${LEASE_SECONDS} seconds'
    FROM unnest($1::uuid[], $2::bigint[]) AS ours (id, token)
    WHERE w.id = ours.id AND w.lease_token = ours.token AND w.status = 'processing' RETURNING w.id`
}

/** Gives $1 back as if they had not been taken: the attempt does not count. */
export function giveBackText({ name, statusType }: WorkTable): string {
  return `UPDATE ${name} w SET lease_until = NULL, retry_count = w.retry_count - 1,
      status = CASE WHEN w.retry_count > 1 THEN 'retrying' ELSE 'pending' END::${statusType}
    FROM unnest($1::uuid[], $2::bigint[]) AS ours (id, token)
    WHERE w.id = ours.id AND w.lease_token = ours.token AND w.status = 'processing'`
}
