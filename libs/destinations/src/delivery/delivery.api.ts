import { pageQuery, shownTime } from '@app/http'
import { z } from 'zod'
import type { Environment } from '../destination/destination.ts'
import type { DeliveryStatus } from './delivery.ts'

const statuses = ['pending', 'processing', 'retrying', 'delivered', 'dead_letter', 'cancelled'] as const

export const deliveriesQuery = z.strictObject({
  ...pageQuery,
  destination_id: z.uuid().optional(),
  status: z.enum(statuses).optional(),
  event_id: z.uuid().optional(),
  type: z.string().max(120).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
})
export type DeliveriesQuery = z.infer<typeof deliveriesQuery>

export const shownDelivery = z.strictObject({
  id: z.uuid(),
  destination_id: z.uuid(),
  environment: z.string(),
  event: z.strictObject({
    id: z.uuid(),
    type: z.string(),
    subject: z.string(),
    provider: z.string().nullable(),
    event_id: z.uuid().nullable(),
  }),
  replay_id: z.uuid().nullable(),
  status: z.enum(statuses),
  attempts: z.int(),
  error: z.string().nullable(),
  next_attempt_at: shownTime.nullable(),
  delivered_at: shownTime.nullable(),
  created_at: shownTime,
})

export const shownWholeDelivery = shownDelivery.extend({
  tries: z.array(
    z.strictObject({
      attempt: z.int(),
      outcome: z.string(),
      response_status: z.int().nullable(),
      response_excerpt: z.string().nullable(),
      duration_ms: z.int(),
      at: shownTime,
    }),
  ),
})

/** A delivery, and of its event what a list shows. */
export interface ListedDelivery {
  id: string
  destination_id: string
  environment: Environment
  outgoing_event_id: string
  replay_id: string | null
  status: DeliveryStatus
  retry_count: number
  error_message: string | null
  next_retry_at: Date | null
  delivered_at: Date | null
  created_at: Date
  type: string
  subject: string
  provider: string | null
  event_id: string | null
}

/** One try that has ended: a row of `delivery_attempts`. */
export interface Attempt {
  attempt: number
  outcome: string
  response_status: number | null
  response_excerpt: string | null
  duration_ms: number
  at: Date
}

export function presentDelivery(delivery: ListedDelivery): Record<string, unknown> {
  const { outgoing_event_id: id, type, subject, provider, event_id } = delivery
  return {
    id: delivery.id,
    destination_id: delivery.destination_id,
    environment: delivery.environment,
    event: { id, type, subject, provider, event_id },
    replay_id: delivery.replay_id,
    status: delivery.status,
    attempts: delivery.retry_count,
    error: delivery.error_message,
    next_attempt_at: delivery.next_retry_at,
    delivered_at: delivery.delivered_at,
    created_at: delivery.created_at,
  }
}

export function presentWholeDelivery(
  delivery: ListedDelivery,
  tries: readonly Attempt[],
): Record<string, unknown> {
  return {
    ...presentDelivery(delivery),
    tries: tries.map(({ attempt, outcome, response_status, response_excerpt, duration_ms, at }) => ({
      ...{ attempt, outcome, response_status, response_excerpt, duration_ms, at },
    })),
  }
}
