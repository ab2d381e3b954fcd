import { type Delivery, type EventType, memberOf, type Observation, textOf } from '@app/connector-kit'

interface TapResource {
  object: 'charge' | 'authorize' | 'refund' | 'invoice' | 'other'
  resource: Observation['resource']
  createdAt: readonly string[]
}

/** What an id's prefix says (providers' sheet, section 4). */
export function resourceOf(id: string): TapResource {
  if (id.startsWith('chg_'))
    return { object: 'charge', resource: 'payment', createdAt: ['transaction', 'created'] }
  if (id.startsWith('auth_'))
    return { object: 'authorize', resource: 'payment', createdAt: ['transaction', 'created'] }
  if (id.startsWith('re_')) return { object: 'refund', resource: 'refund', createdAt: ['created'] }
  if (id.startsWith('inv_')) return { object: 'invoice', resource: 'other', createdAt: ['created'] }
  return { object: 'other', resource: 'other', createdAt: ['created'] }
}

/** There is no event id: what it is about and what it has become. The prefix of the signed id tells the object. */
export function dedupeKeyOf(id: string, status: string): string {
  return `${resourceOf(id).object}:${id}:${status}`
}

/** Tap's own words for lists: `charge.CAPTURED`. */
export function eventTypeOf(delivery: Delivery): string | null {
  const body = delivery.json()
  const [id, status] = [textOf(memberOf(body, 'id')), textOf(memberOf(body, 'status'))]
  return id && status && /^[A-Z_]{1,40}$/.test(status) ? `${resourceOf(id).object}.${status}` : null
}

/** Their statuses of charges and authorisations (sheet, section 6; unified-models.md 2.4). UNKNOWN says nothing. */
const PAYMENT_TYPES: Readonly<Record<string, EventType>> = {
  INITIATED: 'payment.created',
  IN_PROGRESS: 'payment.requires_action',
  AUTHORIZED: 'payment.authorized',
  CAPTURED: 'payment.captured',
  VOID: 'payment.voided',
  ABANDONED: 'payment.expired',
  TIMEDOUT: 'payment.expired',
  CANCELLED: 'payment.failed',
  FAILED: 'payment.failed',
  DECLINED: 'payment.failed',
  RESTRICTED: 'payment.failed',
}
/** Of refunds, by their older and their newer page. */
const REFUND_TYPES: Readonly<Record<string, EventType>> = {
  PENDING: 'refund.created',
  ACCEPTED: 'refund.created',
  IN_PROGRESS: 'refund.created',
  REFUNDED: 'refund.succeeded',
  CANCELLED: 'refund.failed',
  FAILED: 'refund.failed',
  DECLINED: 'refund.failed',
  RESTRICTED: 'refund.failed',
  TIMEDOUT: 'refund.failed',
  TIMED_OUT: 'refund.failed',
}

/** Our word for a signed status; undefined: one that we have none for. */
export function catalogueTypeOf(resource: Observation['resource'], native: string): EventType | undefined {
  const types = resource === 'payment' ? PAYMENT_TYPES : resource === 'refund' ? REFUND_TYPES : {}
  return Object.hasOwn(types, native) ? types[native] : undefined
}
