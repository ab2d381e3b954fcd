import { rowsOf, type Tenant, type Work } from '@app/database'
import { OutgoingEvent } from '@app/outbox'
import { BodyRead } from '../body-access/body-read.ts'

/** A row of `event_attempts`, with who asked for the replay that it speaks of. */
export interface NotedAttempt {
  kind: 'failed' | 'replayed'
  attempt: number
  code: string | null
  duration_ms: number | null
  replay_id: string | null
  at: Date
  requested_by: string | null
  reason: string | null
}

/** What this room has noted of an event beside its row, oldest first. */
export interface OwnHistory {
  attempts: NotedAttempt[]
  outgoing: OutgoingEvent[]
  reads: BodyRead[]
}

const NEWEST = 200

export async function ownHistoryOf(unit: Work, tenant: Tenant, eventId: string): Promise<OwnHistory> {
  const outgoing = await unit.em.find(
    OutgoingEvent,
    { event_id: eventId, ...rowsOf(tenant) },
    { orderBy: { recorded_at: 'desc', id: 'desc' }, limit: NEWEST, exclude: ['data'] },
  )
  const reads = await unit.em.find(
    BodyRead,
    { event_id: eventId, project_id: tenant.projectId },
    { orderBy: { accessed_at: 'desc', id: 'desc' }, limit: NEWEST },
  )
  const attempts = await attemptsOf(unit, tenant, eventId)
  return { attempts, outgoing: (outgoing as OutgoingEvent[]).reverse(), reads: reads.reverse() }
}

/** In one question. A key of one environment does not learn who replayed events of all three. */
async function attemptsOf(
  { query }: Work,
  { projectId, environment }: Tenant,
  eventId: string,
): Promise<NotedAttempt[]> {
  const { rows } = await query<NotedAttempt & Record<string, unknown>>(
    `SELECT a.kind, a.attempt, a.code, a.duration_ms, a.replay_id, a.at, r.requested_by, r.reason FROM event_attempts a
     LEFT JOIN event_replays r ON r.id = a.replay_id AND r.project_id = a.project_id
       AND ($3::text IS NULL OR r.environment::text = $3)
     WHERE a.event_id = $1 AND a.project_id = $2 ORDER BY a.at DESC, a.id DESC LIMIT ${NEWEST}`,
    [eventId, projectId, environment ?? null],
  )
  return rows.reverse()
}
