import { timingSafeEqual } from 'node:crypto'
import type { Delivery } from '../delivery.ts'
import { decide, hmac } from './digest.ts'
import { decoded } from './encoding.ts'
import { placed, valueAt } from './position.ts'
import { checkStamp, stampOf } from './timestamp.ts'
import { refused, type Verdict } from './verdict.ts'

/**
 * Signatures in one header, over a signed timestamp and the body: `t=1768035600,v1=ab…,v1=cd…`. Several of one name are
 * how a sender rotates; parts of other names are passed over. HMAC-SHA256, lower-case hex, seconds.
 */
export interface TimestampedHmac {
  scheme: 'timestamped_hmac'
  at: { header: string }
  toleranceS?: number
  /** The sender's own names and signs, where they are not `t`, `v1`, `,` between the parts and `.` before the body. */
  written?: { stamp?: string; signature?: string; between?: string; beforeBody?: string }
}

export function verifyTimestamped(
  scheme: TimestampedHmac,
  delivery: Delivery,
  secrets: readonly string[],
): Verdict {
  const found = valueAt(delivery, scheme.at)
  if ('refusal' in found) return refused(found.refusal)
  const { stamp: stampName, signature: signatureName, between } = wordsOf(scheme)
  const parts = found.value.split(between).map((part) => part.trim())
  const [stamp = '', ...moreStamps] = valuesOf(parts, stampName)
  const given = valuesOf(parts, signatureName)
    .map((value) => decoded(value, 'hex', 32))
    .filter((value) => value !== null)
  if (moreStamps.length > 0 || given.length === 0) return refused('signature_malformed')
  const inTime = checkStamp(stamp, delivery, scheme.toleranceS)
  if (!inTime.ok) return inTime
  const message = messageOf(scheme, stamp, delivery)
  return decide(secrets, (secret) => {
    const expected = hmac('sha256', secret, message)
    return given.map((value) => timingSafeEqual(value, expected)).includes(true)
  })
}

export function signedTimestamped(scheme: TimestampedHmac, delivery: Delivery, secret: string): Delivery {
  const { stamp: stampName, signature: signatureName, between } = wordsOf(scheme)
  const stamp = stampOf(delivery)
  const signature = hmac('sha256', secret, messageOf(scheme, stamp, delivery)).toString('hex')
  return placed(delivery, scheme.at, `${stampName}=${stamp}${between}${signatureName}=${signature}`)
}

function messageOf(scheme: TimestampedHmac, stamp: string, delivery: Delivery): Buffer {
  return Buffer.concat([Buffer.from(stamp + wordsOf(scheme).beforeBody), delivery.rawBody])
}

function wordsOf({ written }: TimestampedHmac): Required<NonNullable<TimestampedHmac['written']>> {
  return { stamp: 't', signature: 'v1', between: ',', beforeBody: '.', ...written }
}

function valuesOf(parts: readonly string[], name: string): string[] {
  return parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1))
}
