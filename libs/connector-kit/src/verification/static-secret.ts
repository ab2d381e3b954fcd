import { sameSecret } from '@app/secrets'
import type { Delivery } from '../delivery.ts'
import { decide } from './digest.ts'
import { decoded } from './encoding.ts'
import { placed, type Position, valueAt } from './position.ts'
import { refused, type Verdict } from './verdict.ts'

/** The secret itself travels with the delivery: a hint, never a proof of what the body says. */
export interface StaticSecret {
  scheme: 'static_secret'
  at: Position
  /** What stands before it, such as `Bearer `. */
  prefix?: string
}

/** HTTP Basic with a user name that is no secret. */
export interface BasicAuth {
  scheme: 'basic'
  username: string
}

const AUTHORIZATION = { header: 'authorization' } as const

export function verifyStatic(scheme: StaticSecret, delivery: Delivery, secrets: readonly string[]): Verdict {
  const found = valueAt(delivery, scheme.at)
  if ('refusal' in found) return refused(found.refusal)
  const prefix = scheme.prefix ?? ''
  if (!found.value.startsWith(prefix)) return refused('signature_malformed')
  return decide(secrets, (secret) => sameSecret(found.value.slice(prefix.length), secret))
}

export function verifyBasic(scheme: BasicAuth, delivery: Delivery, secrets: readonly string[]): Verdict {
  const found = valueAt(delivery, AUTHORIZATION)
  if ('refusal' in found) return refused(found.refusal)
  const given = /^basic /i.test(found.value) ? decoded(found.value.slice(6), 'base64') : null
  if (!given) return refused('signature_malformed')
  return decide(secrets, (secret) => sameSecret(given, Buffer.from(`${scheme.username}:${secret}`)))
}

export function withStatic(scheme: StaticSecret, delivery: Delivery, secret: string): Delivery {
  return placed(delivery, scheme.at, (scheme.prefix ?? '') + secret)
}

export function withBasic(scheme: BasicAuth, delivery: Delivery, secret: string): Delivery {
  const pair = Buffer.from(`${scheme.username}:${secret}`).toString('base64')
  return placed(delivery, AUTHORIZATION, `Basic ${pair}`)
}
