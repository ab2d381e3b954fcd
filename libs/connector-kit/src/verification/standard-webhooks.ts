import { timingSafeEqual } from 'node:crypto'
import type { Delivery } from '../delivery.ts'
import { decide, hmac } from './digest.ts'
import { decoded } from './encoding.ts'
import { placed, valueAt } from './position.ts'
import { checkStamp, stampOf } from './timestamp.ts'
import { refused, type Verdict } from './verdict.ts'

/**
 * Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` (a list of `v1,…` with blanks between)
 * over `id.timestamp.body`; keys are base64 behind `whsec_`, which some senders write as `v1,whsec_`.
 */
export interface StandardWebhooks {
  scheme: 'standard_webhooks'
  toleranceS?: number
  /** The older family name of the three headers. */
  headers?: 'webhook' | 'svix'
}

export function verifyStandardWebhooks(
  scheme: StandardWebhooks,
  delivery: Delivery,
  secrets: readonly string[],
): Verdict {
  const id = valueAt(delivery, headerOf(scheme, 'id'))
  if ('refusal' in id) return refused(id.refusal)
  const stamp = valueAt(delivery, headerOf(scheme, 'timestamp'))
  if ('refusal' in stamp) return refused(stamp.refusal)
  const signature = valueAt(delivery, headerOf(scheme, 'signature'))
  if ('refusal' in signature) return refused(signature.refusal)

  const given = signature.value
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .map((part) => decoded(part.slice(3), 'base64', 32))
    .filter((value) => value !== null)
  if (given.length === 0) return refused('signature_malformed')
  const inTime = checkStamp(stamp.value, delivery, scheme.toleranceS)
  if (!inTime.ok) return inTime
  const keys = secrets.map(keyOf).filter((key) => key !== null)
  if (keys.length === 0) return refused('no_secret')
  const message = messageOf(id.value, stamp.value, delivery)
  return decide(keys, (key) => {
    const expected = hmac('sha256', Buffer.from(key, 'base64'), message)
    return given.map((value) => timingSafeEqual(value, expected)).includes(true)
  })
}

export function signedAsStandard(
  scheme: StandardWebhooks,
  delivery: Delivery,
  secret: string,
): Delivery | null {
  const key = keyOf(secret)
  if (key === null) return null
  const given = valueAt(delivery, headerOf(scheme, 'id'))
  const id = 'value' in given ? given.value : 'msg_1'
  const stamp = stampOf(delivery)
  const signature = hmac('sha256', Buffer.from(key, 'base64'), messageOf(id, stamp, delivery))
  const named = placed(delivery, headerOf(scheme, 'id'), id)
  const stamped = placed(named, headerOf(scheme, 'timestamp'), stamp)
  return placed(stamped, headerOf(scheme, 'signature'), `v1,${signature.toString('base64')}`)
}

function messageOf(id: string, stamp: string, delivery: Delivery): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${stamp}.`), delivery.rawBody])
}

/** The key's own base64, null where it is none: such a secret verifies nothing rather than something else. */
function keyOf(secret: string): string | null {
  const text = secret.replace(/^(v1,)?whsec_/, '')
  return decoded(text, 'base64') ? text : null
}

function headerOf({ headers = 'webhook' }: StandardWebhooks, what: string): { header: string } {
  return { header: `${headers}-${what}` }
}
