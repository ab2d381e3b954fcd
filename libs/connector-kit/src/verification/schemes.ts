import { createHmac, createVerify, timingSafeEqual } from 'node:crypto'
import { type Secret, sameSecret } from '@app/secrets'
import { jwtVerify } from 'jose'
import { type Delivery, memberOf } from '../delivery.ts'
import { decoded, encoded, type Encoding } from './encoding.ts'
import { type Position, valueAt } from './position.ts'
import { accepted, refused, type Verdict } from './verdict.ts'

type Algorithm = 'sha1' | 'sha256' | 'sha512'
const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 }
const TOLERANCE_S = 300

/** What is signed: the bytes as they came, or a text made of them (null: it cannot be made from this delivery). */
export type Signed = 'raw_body' | ((delivery: Delivery) => string | Buffer | null)

export interface Hmac {
  scheme: 'hmac'
  algorithm: Algorithm
  signed: Signed
  at: Position
  encoding: Encoding
  /** What stands before the signature, such as `sha256=`. */
  prefix?: string
}

/** Several signatures in one header, over a signed timestamp: Stripe's `t=…,v1=…`. */
export interface TimestampedHmac {
  scheme: 'timestamped_hmac'
  at: { header: string }
  toleranceS?: number
}

/** Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`; keys are base64 behind `whsec_`. */
export interface StandardWebhooks {
  scheme: 'standard_webhooks'
  toleranceS?: number
}

export interface StaticSecret {
  scheme: 'static_secret'
  at: Position
}

/** HTTP Basic with a user name that is no secret. */
export interface BasicAuth {
  scheme: 'basic'
  username: string
}

export interface Jwt {
  scheme: 'jwt'
  at: readonly Position[]
  /** What stands before the token, such as `Bearer `. */
  prefix?: string
  issuer?: string
}

/** RSA over a composed text, with a certificate's public key that the platform fetched under the connector's rules. */
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

export type Scheme = Hmac | TimestampedHmac | StandardWebhooks | StaticSecret | BasicAuth | Jwt | Rsa

/**
 * Is this delivery from who holds one of the secrets? Every configured secret is tried (two while one rotates).
 * Fails closed: no secret, anything malformed, anything repeated is refused. Never throws on what a sender wrote.
 */
export async function verify(
  scheme: Scheme,
  delivery: Delivery,
  secrets: readonly Secret[],
): Promise<Verdict> {
  const usable = secrets.map((secret) => secret.reveal()).filter((text) => text !== '')
  if (scheme.scheme !== 'rsa' && usable.length === 0) return refused('no_secret')
  switch (scheme.scheme) {
    case 'hmac':
      return verifyHmac(scheme, delivery, usable)
    case 'timestamped_hmac':
      return verifyTimestamped(scheme, delivery, usable)
    case 'standard_webhooks':
      return verifyStandardWebhooks(scheme, delivery, usable)
    case 'static_secret':
      return verifyStatic(scheme, delivery, usable)
    case 'basic':
      return verifyBasic(scheme, delivery, usable)
    case 'jwt':
      return verifyJwt(scheme, delivery, usable)
    case 'rsa':
      return verifyRsa(scheme, delivery)
  }
}

/** The signature that a provider would write: for the sandbox and for tests. */
export function signHmac(scheme: Hmac, delivery: Delivery, secret: Secret): string | null {
  const message = messageOf(scheme.signed, delivery)
  if (message === null) return null
  return (scheme.prefix ?? '') + encoded(hmac(scheme.algorithm, secret.reveal(), message), scheme.encoding)
}

function verifyHmac(scheme: Hmac, delivery: Delivery, secrets: string[]): Verdict {
  const found = valueAt(delivery, scheme.at)
  if ('refusal' in found) return refused(found.refusal)
  const prefix = scheme.prefix ?? ''
  if (!found.value.startsWith(prefix)) return refused('signature_malformed')
  const given = decoded(found.value.slice(prefix.length), scheme.encoding, DIGEST_BYTES[scheme.algorithm])
  if (!given) return refused('signature_malformed')
  const message = messageOf(scheme.signed, delivery)
  if (message === null) return refused('unreadable_body')
  return decide(secrets, (secret) => timingSafeEqual(given, hmac(scheme.algorithm, secret, message)))
}

function verifyTimestamped(scheme: TimestampedHmac, delivery: Delivery, secrets: string[]): Verdict {
  const found = valueAt(delivery, scheme.at)
  if ('refusal' in found) return refused(found.refusal)
  const parts = found.value.split(',').map((part) => part.trim().split('='))
  const stamps = parts.filter(([name]) => name === 't').map(([, value = '']) => value)
  const given = parts
    .filter(([name]) => name === 'v1')
    .map(([, value = '']) => decoded(value, 'hex', 32))
    .filter((value) => value !== null)
  const [stamp = ''] = stamps
  if (stamps.length !== 1 || given.length === 0) return refused('signature_malformed')
  const inTime = checkTime(stamp, delivery, scheme.toleranceS)
  if (!inTime.ok) return inTime
  return decide(secrets, (secret) => {
    const expected = hmac('sha256', secret, Buffer.concat([Buffer.from(`${stamp}.`), delivery.rawBody]))
    return given.some((value) => timingSafeEqual(value, expected))
  })
}

function verifyStandardWebhooks(scheme: StandardWebhooks, delivery: Delivery, secrets: string[]): Verdict {
  const [id, stamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((header) =>
    valueAt(delivery, { header }),
  )
  for (const found of [id, stamp, signature]) if (found && 'refusal' in found) return refused(found.refusal)
  if (!id || !stamp || !signature || !('value' in id) || !('value' in stamp) || !('value' in signature)) {
    return refused('signature_missing')
  }
  const given = signature.value
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .map((part) => decoded(part.slice(3), 'base64', 32))
    .filter((value) => value !== null)
  if (given.length === 0) return refused('signature_malformed')
  const inTime = checkTime(stamp.value, delivery, scheme.toleranceS)
  if (!inTime.ok) return inTime
  const message = Buffer.concat([Buffer.from(`${id.value}.${stamp.value}.`), delivery.rawBody])
  return decide(secrets, (secret) => {
    const key = Buffer.from(secret.replace(/^(v1,)?whsec_/, ''), 'base64')
    if (key.length === 0) return false
    const expected = hmac('sha256', key, message)
    return given.some((value) => timingSafeEqual(value, expected))
  })
}

function verifyStatic(scheme: StaticSecret, delivery: Delivery, secrets: string[]): Verdict {
  const found = valueAt(delivery, scheme.at)
  if ('refusal' in found) return refused(found.refusal)
  return decide(secrets, (secret) => sameSecret(found.value, secret))
}

function verifyBasic(scheme: BasicAuth, delivery: Delivery, secrets: string[]): Verdict {
  const found = valueAt(delivery, { header: 'authorization' })
  if ('refusal' in found) return refused(found.refusal)
  const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(found.value)
  if (!match?.[1]) return refused('signature_malformed')
  const given = Buffer.from(match[1], 'base64')
  return decide(secrets, (secret) => sameSecret(given, Buffer.from(`${scheme.username}:${secret}`)))
}

async function verifyJwt(scheme: Jwt, delivery: Delivery, secrets: string[]): Promise<Verdict> {
  const found = scheme.at.map((position) => valueAt(delivery, position))
  const present = found.find((value) => !('refusal' in value) || value.refusal === 'signature_repeated')
  if (!present) return refused('signature_missing')
  if ('refusal' in present) return refused(present.refusal)
  const token = present.value.startsWith(scheme.prefix ?? '')
    ? present.value.slice((scheme.prefix ?? '').length)
    : present.value
  for (const secret of secrets) {
    try {
      await jwtVerify(token, Buffer.from(secret), {
        algorithms: ['HS256'],
        currentDate: delivery.receivedAt,
        ...(scheme.issuer !== undefined && { issuer: scheme.issuer }),
      })
      return accepted
    } catch {
      // Another secret may fit.
    }
  }
  return refused('signature_mismatch')
}

async function verifyRsa(scheme: Rsa, delivery: Delivery): Promise<Verdict> {
  const signature = scheme.signature(delivery)
  if (signature === undefined || signature === '') return refused('signature_missing')
  const algorithm = scheme.algorithm(delivery)
  const message = scheme.signed(delivery)
  if (!algorithm || message === null) return refused('unreadable_body')
  const at = scheme.signedAt?.(delivery)
  if (scheme.signedAt && !at) return refused('signature_malformed')
  if (
    at &&
    Math.abs(at.getTime() - delivery.receivedAt.getTime()) > (scheme.toleranceS ?? TOLERANCE_S) * 1_000
  ) {
    return refused('timestamp_out_of_tolerance')
  }
  const certificate = await scheme.certificate(delivery)
  try {
    const verifier = createVerify(algorithm).update(message)
    return verifier.verify(certificate, signature, 'base64') ? accepted : refused('signature_mismatch')
  } catch {
    return refused('signature_malformed')
  }
}

/** All secrets are tried whatever the first says, so that time tells nothing about which one fits. */
function decide(secrets: string[], matches: (secret: string) => boolean): Verdict {
  return secrets.map(matches).includes(true) ? accepted : refused('signature_mismatch')
}

function checkTime(stamp: string, delivery: Delivery, toleranceS = TOLERANCE_S): Verdict {
  if (!/^\d{1,12}$/.test(stamp)) return refused('signature_malformed')
  const apart = Math.abs(Number(stamp) - delivery.receivedAt.getTime() / 1_000)
  return apart <= toleranceS ? accepted : refused('timestamp_out_of_tolerance')
}

function messageOf(signed: Signed, delivery: Delivery): string | Buffer | null {
  return signed === 'raw_body' ? delivery.rawBody : signed(delivery)
}

function hmac(algorithm: Algorithm, secret: string | Buffer, message: string | Buffer): Buffer {
  return createHmac(algorithm, secret).update(message).digest()
}

/** A text made of the body's JSON members, in order; a missing one counts as empty where the scheme says so. */
export function overFields(
  parts: readonly {
    label?: string
    path: readonly string[]
    write?: (value: unknown, body: unknown) => string | undefined
    optional?: boolean
  }[],
): Signed {
  return (delivery) => {
    const body = delivery.json()
    let message = ''
    for (const { label = '', path, write = plain, optional } of parts) {
      const text = write(memberOf(body, ...path), body) ?? (optional ? '' : undefined)
      if (text === undefined) return null
      message += label + text
    }
    return message
  }
}

function plain(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
