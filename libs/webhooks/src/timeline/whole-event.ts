import { Injectable } from '@nestjs/common'
import { Database } from '@app/database'
import type { Caller } from '@app/http'
import { connectorOf } from '@app/providers'
import type { KeptEvent } from '../event/kept-event.ts'
import { presentEvent, WebhookEvents } from '../event/webhook-events.ts'
import { type OwnHistory, ownHistoryOf } from './own-history.ts'
import type { Attempt, TimelineEntry } from './timeline.api.ts'
import { Timeline } from './timeline.ts'

/** One event and its story: ours from this room's rows, the rest from whoever added to the timeline. */
@Injectable()
export class WholeEvents {
  constructor(
    private readonly events: WebhookEvents,
    private readonly timeline: Timeline,
    private readonly database: Database,
  ) {}

  async get(caller: Caller, projectId: string, id: string): Promise<Record<string, unknown>> {
    const tenant = { projectId, environment: caller.environment }
    const event = await this.events.get(caller, projectId, id)
    const own = await this.database.asProject(tenant, (unit) => ownHistoryOf(unit, tenant, id))
    const entries = [...entriesOf(event, own), ...(await this.timeline.of(tenant, id))]
    return {
      ...presentEvent(event),
      attempts_log: attemptsOf(event, own),
      deliveries: await this.timeline.deliveriesOf(tenant, id),
      outgoing: own.outgoing.map(({ id, type, subject, recorded_at }) => ({
        id,
        type,
        subject,
        recorded_at,
      })),
      timeline: entries.sort((a, b) => a.at.getTime() - b.at.getTime()),
    }
  }
}

function attemptsOf(event: KeptEvent, { attempts }: OwnHistory): Attempt[] {
  const failed = attempts
    .filter(({ kind }) => kind === 'failed')
    .map(({ attempt, at, code, duration_ms, replay_id }) => ({
      attempt,
      at,
      outcome: 'failed' as const,
      code,
      duration_ms,
      replay_id,
    }))
  const success = successOf(event)
  return [...failed, ...(success ? [{ ...success, outcome: 'completed' as const, code: null }] : [])].sort(
    (a, b) => a.at.getTime() - b.at.getTime(),
  )
}

/** The last one: a row tells of no other. Under a replay it counts from one again, and is of no replay any more. */
function successOf(event: KeptEvent): Pick<Attempt, 'at' | 'attempt' | 'duration_ms' | 'replay_id'> | null {
  const { processed_at: at, processing_duration_ms: duration_ms, retry_count, replay_id, status } = event
  if (at === null) return null
  const isPresent = status === 'completed'
  return { at, attempt: isPresent ? retry_count : null, duration_ms, replay_id: isPresent ? replay_id : null }
}

/** In the order of telling, where two happened at once. */
function entriesOf(event: KeptEvent, { attempts, outgoing, reads }: OwnHistory): TimelineEntry[] {
  const success = successOf(event)
  return [
    ...arrivalOf(event),
    ...attempts.map(
      ({ kind, at, attempt, code, duration_ms, replay_id, requested_by: by, reason }): TimelineEntry =>
        kind === 'failed'
          ? { at, what: 'attempt_failed', attempt, code, duration_ms, replay_id }
          : { at, what: 'replayed', replay_id, by, reason },
    ),
    ...(event.status === 'dead_letter' ? [endOf(event, attempts)] : []),
    ...(success ? [{ ...success, what: 'processed' as const }] : []),
    ...outgoing.map(({ recorded_at: at, id, type, subject }): TimelineEntry => ({
      ...{ at, what: 'outgoing_event', outgoing_event_id: id, type, subject },
    })),
    ...reads.map(({ accessed_at: at, accessed_by: by, access_reason: reason, outcome }): TimelineEntry => ({
      ...{ at, what: 'body_read', by, reason, outcome },
    })),
  ]
}

function arrivalOf({ created_at: at, trust, provider, source_ip, body_size }: KeptEvent): TimelineEntry[] {
  if (trust === 'fetched') return [{ at, what: 'fetched' }]
  const scheme = connectorOf(provider)?.webhooks?.verification
  const verified: TimelineEntry[] =
    trust === null
      ? []
      : [{ at, what: 'verified', trust, scheme: scheme?.en ?? null, scheme_ar: scheme?.ar ?? null }]
  return [{ at, what: 'received', source_ip, size: body_size }, ...verified]
}

function endOf(
  { error_message: code, updated_at }: KeptEvent,
  attempts: OwnHistory['attempts'],
): TimelineEntry {
  const last = attempts.findLast(({ kind }) => kind === 'failed')
  return { at: last?.at ?? updated_at, what: 'gave_up', code }
}
