import { createPublicKey, createVerify, type KeyObject, X509Certificate } from 'node:crypto'
import type { Delivery } from '../delivery.ts'
import { decoded } from './encoding.ts'
import { messageOf } from './signed.ts'
import { inTolerance } from './timestamp.ts'
import { accepted, refused, type Verdict } from './verdict.ts'

/** RSA over a composed text, with a certificate that the platform fetched under the connector's rules. */
export interface Rsa {
  scheme: 'rsa'
  signed: (delivery: Delivery) => string | null
  signature: (delivery: Delivery) => string | undefined
  algorithm: (delivery: Delivery) => 'RSA-SHA1' | 'RSA-SHA256' | null
  /** PEM of the certificate or key; throws where it cannot be had (then nothing is accepted). */
  certificate: (delivery: Delivery) => Promise<string>
  /** When the sender says it signed. */
  signedAt?: (delivery: Delivery) => Date | null
  toleranceS?: number
}

/** Asks for the certificate last: what is refused without it costs no call to the outside. */
export async function verifyRsa(scheme: Rsa, delivery: Delivery): Promise<Verdict> {
  const text = scheme.signature(delivery)
  if (text === undefined || text === '') return refused('signature_missing')
  const signature = decoded(text, 'base64')
  if (!signature) return refused('signature_malformed')
  const algorithm = scheme.algorithm(delivery)
  const message = messageOf(scheme.signed, delivery)
  if (!algorithm || message === null) return refused('unreadable_body')
  const at = scheme.signedAt?.(delivery)
  if (scheme.signedAt && !at) return refused('signature_malformed')
  if (at && !inTolerance(at.getTime(), delivery, scheme.toleranceS)) {
    return refused('timestamp_out_of_tolerance')
  }
  const key = keyIn(await scheme.certificate(delivery), delivery.receivedAt)
  if (!key) return refused('signature_mismatch')
  return createVerify(algorithm).update(message).verify(key, signature)
    ? accepted
    : refused('signature_mismatch')
}

/** null: no RSA key, one of fewer than 2048 bits, or a certificate that is not valid at that time. */
function keyIn(pem: string, at: Date): KeyObject | null {
  try {
    const certificate = pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem) : null
    if (certificate && !(certificate.validFromDate <= at && at <= certificate.validToDate)) return null
    const key = certificate?.publicKey ?? createPublicKey(pem)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    return key.asymmetricKeyType === 'rsa' && bits >= 2_048 ? key : null
  } catch {
    return null
  }
}
