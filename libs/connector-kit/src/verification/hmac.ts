import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '@app/secrets'
import type { Delivery } from '../delivery.ts'
import { type Algorithm, decide, DIGEST_BYTES, hmac } from './digest.ts'
import { decoded, encoded, type Encoding } from './encoding.ts'
import { placed, type Position, valueAt } from './position.ts'
import { messageOf, type Signed } from './signed.ts'
import { checkTimestamp, stampOf, type Timestamp } from './timestamp.ts'
import { refused, type Verdict } from './verdict.ts'

/** HMAC over bytes that are named, at one place, in one writing. The secret's UTF-8 bytes are the key. */
export interface Hmac {
  scheme: 'hmac'
  algorithm: Algorithm
  signed: Signed
  at: Position
  encoding: Encoding
  /** What stands before the signature, such as `sha256=`. */
  prefix?: string
  /** Where the signed time stands, if the scheme has one. */
  timestamp?: Timestamp
}

export function verifyHmac(scheme: Hmac, delivery: Delivery, secrets: readonly string[]): Verdict {
  const found = valueAt(delivery, scheme.at)
  if ('refusal' in found) return refused(found.refusal)
  const prefix = scheme.prefix ?? ''
  if (!found.value.startsWith(prefix)) return refused('signature_malformed')
  const given = decoded(found.value.slice(prefix.length), scheme.encoding, DIGEST_BYTES[scheme.algorithm])
  if (!given) return refused('signature_malformed')
  const inTime = scheme.timestamp && checkTimestamp(scheme.timestamp, delivery)
  if (inTime && !inTime.ok) return inTime
  const message = messageOf(scheme.signed, delivery)
  if (message === null) return refused('unreadable_body')
  return decide(secrets, (secret) => timingSafeEqual(given, hmac(scheme.algorithm, secret, message)))
}

/** The signature that a provider would write; null: the delivery lacks what is signed. */
export function signHmac(scheme: Hmac, delivery: Delivery, secret: Secret): string | null {
  const message = messageOf(scheme.signed, delivery)
  if (message === null) return null
  return (scheme.prefix ?? '') + encoded(hmac(scheme.algorithm, secret.reveal(), message), scheme.encoding)
}

export function signedWithHmac(scheme: Hmac, delivery: Delivery, secret: Secret): Delivery | null {
  const { timestamp } = scheme
  const stamped = timestamp ? placed(delivery, timestamp.at, stampOf(delivery, timestamp.unit)) : delivery
  const signature = signHmac(scheme, stamped, secret)
  return signature === null ? null : placed(stamped, scheme.at, signature)
}
