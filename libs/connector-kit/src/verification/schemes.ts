import type { Secret } from '@app/secrets'
import type { Delivery } from '../delivery.ts'
import { type Hmac, signedWithHmac, verifyHmac } from './hmac.ts'
import { type Jwt, signedWithJwt, verifyJwt } from './jwt.ts'
import { type Rsa, verifyRsa } from './rsa.ts'
import { signedAsStandard, type StandardWebhooks, verifyStandardWebhooks } from './standard-webhooks.ts'
import {
  type BasicAuth,
  type StaticSecret,
  verifyBasic,
  verifyStatic,
  withBasic,
  withStatic,
} from './static-secret.ts'
import { signedTimestamped, type TimestampedHmac, verifyTimestamped } from './timestamped-hmac.ts'
import { refused, type Verdict } from './verdict.ts'

/** How a provider signs, as data: each kind has a file of its own, with its vectors beside it. */
export type Scheme = Hmac | TimestampedHmac | StandardWebhooks | StaticSecret | BasicAuth | Jwt | Rsa

/**
 * Is this delivery from who holds one of the secrets? Every configured secret is tried (two while one rotates).
 * Fails closed: no secret, anything malformed, anything repeated is refused. Never throws on what a sender wrote; only
 * where a certificate cannot be had, which is no fault of the sender.
 */
export async function verify(
  scheme: Scheme,
  delivery: Delivery,
  secrets: readonly Secret[],
): Promise<Verdict> {
  if (scheme.scheme === 'rsa') return verifyRsa(scheme, delivery)
  const usable = secrets.map((secret) => secret.reveal()).filter((text) => text !== '')
  if (usable.length === 0) return refused('no_secret')
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
  }
}

/**
 * The same delivery as the provider would send it, signed at the time of its receipt: for the sandbox and for tests.
 * null: what is signed is missing, or the scheme is RSA, whose key nobody but the provider has.
 */
export async function sign(scheme: Scheme, delivery: Delivery, secret: Secret): Promise<Delivery | null> {
  switch (scheme.scheme) {
    case 'hmac':
      return signedWithHmac(scheme, delivery, secret)
    case 'timestamped_hmac':
      return signedTimestamped(scheme, delivery, secret.reveal())
    case 'standard_webhooks':
      return signedAsStandard(scheme, delivery, secret.reveal())
    case 'static_secret':
      return withStatic(scheme, delivery, secret.reveal())
    case 'basic':
      return withBasic(scheme, delivery, secret.reveal())
    case 'jwt':
      return signedWithJwt(scheme, delivery, secret.reveal())
    case 'rsa':
      return null
  }
}
