import { shownTime } from '@app/http'
import { z } from 'zod'
import { shownEvent } from '../event/webhook-events.ts'

const at = shownTime

export const shownAttempt = z.strictObject({
  /** null: the success before a replay that has not come to its end. */
  attempt: z.int().nullable(),
  at,
  outcome: z.enum(['failed', 'completed']),
  code: z.string().nullable(),
  duration_ms: z.int().nullable(),
  replay_id: z.uuid().nullable(),
})

export const shownOutgoing = z.strictObject({
  id: z.uuid(),
  type: z.string(),
  subject: z.string(),
  recorded_at: shownTime,
})

/** How far the events that were made of this one are on their way to one destination. */
export const shownDeliveries = z.strictObject({
  destination_id: z.uuid(),
  name: z.string().nullable(),
  delivered: z.int(),
  waiting: z.int(),
  dead_letter: z.int(),
  cancelled: z.int(),
  attempts: z.int(),
  last_outcome: z.string().nullable(),
  last_attempt_at: shownTime.nullable(),
})

export const shownEntry = z.discriminatedUnion('what', [
  z.strictObject({
    at,
    what: z.literal('received'),
    source_ip: z.string().nullable(),
    size: z.int().nullable(),
  }),
  z.strictObject({
    at,
    what: z.literal('verified'),
    trust: z.string(),
    /** How the provider signs, in a sentence; null where this build has no connector for it. */
    scheme: z.string().nullable(),
    scheme_ar: z.string().nullable(),
  }),
  /** It never came: it was found at the provider. */
  z.strictObject({ at, what: z.literal('fetched') }),
  z.strictObject({
    at,
    what: z.literal('attempt_failed'),
    attempt: z.int(),
    code: z.string().nullable(),
    duration_ms: z.int().nullable(),
    replay_id: z.uuid().nullable(),
  }),
  z.strictObject({ at, what: z.literal('gave_up'), code: z.string().nullable() }),
  z.strictObject({
    at,
    what: z.literal('processed'),
    attempt: z.int().nullable(),
    duration_ms: z.int().nullable(),
    replay_id: z.uuid().nullable(),
  }),
  z.strictObject({
    at,
    what: z.literal('replayed'),
    replay_id: z.uuid().nullable(),
    by: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  z.strictObject({
    at,
    what: z.literal('outgoing_event'),
    outgoing_event_id: z.uuid(),
    type: z.string(),
    subject: z.string(),
  }),
  z.strictObject({
    at,
    what: z.literal('delivery_made'),
    delivery_id: z.uuid(),
    destination_id: z.uuid(),
    outgoing_event_id: z.uuid(),
    replay_id: z.uuid().nullable(),
  }),
  z.strictObject({
    at,
    what: z.literal('delivery_tried'),
    delivery_id: z.uuid(),
    destination_id: z.uuid(),
    attempt: z.int(),
    outcome: z.string(),
    response_status: z.int().nullable(),
    duration_ms: z.int(),
  }),
  z.strictObject({
    at,
    what: z.literal('body_read'),
    by: z.string(),
    reason: z.string(),
    outcome: z.enum(['granted', 'denied']),
  }),
])

/** One event with all that is known of it. Of each kind of thing that happened, the newest two hundred. */
export const shownWholeEvent = shownEvent.extend({
  attempts_log: z.array(shownAttempt),
  deliveries: z.array(shownDeliveries),
  outgoing: z.array(shownOutgoing),
  timeline: z.array(shownEntry),
})

/** As it is before it is written out: times are times. */
type Timed<Shown> = Shown extends unknown
  ? { [K in keyof Shown]: K extends 'at' | `${string}_at` ? Date | Extract<Shown[K], null> : Shown[K] }
  : never

/** Something that happened to an event, or was done with it. */
export type TimelineEntry = Timed<z.infer<typeof shownEntry>>
export type Attempt = Timed<z.infer<typeof shownAttempt>>
export type DeliverySummary = Timed<z.infer<typeof shownDeliveries>>
