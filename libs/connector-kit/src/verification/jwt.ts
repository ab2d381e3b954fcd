import { sameSecret, sha256 } from '@app/secrets'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Delivery } from '../delivery.ts'
import { decoded } from './encoding.ts'
import { placed, type Position, valueAt } from './position.ts'
import { accepted, type Refusal, refused, type Verdict } from './verdict.ts'

/** A token signed with HS256. It ends: by its own `exp`, or by its age where the sender gives none. */
export interface Jwt {
  scheme: 'jwt'
  /** Where it may stand, the preferred place first. */
  at: readonly Position[]
  /** What stands before the token in a header, such as `Bearer `; a header with something else does not count. */
  prefix?: string
  issuer?: string
  /** Oldest acceptable `iat`, in seconds, for senders that write no `exp`. */
  maxAgeS?: number
  /** The claim that holds the hex SHA-256 of the raw body; without one the token says nothing about the body. */
  bodyHash?: string
}

const CLOCK_SKEW_S = 30

export async function verifyJwt(
  scheme: Jwt,
  delivery: Delivery,
  secrets: readonly string[],
): Promise<Verdict> {
  const found = tokenIn(scheme, delivery)
  if ('refusal' in found) return refused(found.refusal)
  if (!isCompact(found.value)) return refused('signature_malformed')
  const verdicts = await Promise.all(
    secrets.map((secret) => verdictOf(scheme, found.value, delivery, secret)),
  )
  // Of several refusals, the one of the secret that did fit tells most: the signature was right, the time was not.
  return (
    verdicts.find(({ ok }) => ok) ??
    verdicts.find((verdict) => !verdict.ok && verdict.reason === 'timestamp_out_of_tolerance') ??
    verdicts[0] ??
    refused('no_secret')
  )
}

function tokenIn(scheme: Jwt, delivery: Delivery): ReturnType<typeof valueAt> {
  const prefix = scheme.prefix ?? ''
  for (const position of scheme.at) {
    const found = valueAt(delivery, position)
    if ('refusal' in found) {
      if (found.refusal === 'signature_repeated') return found
    } else if (!('header' in position)) {
      return found
    } else if (found.value.startsWith(prefix)) {
      return { value: found.value.slice(prefix.length) }
    }
  }
  return { refusal: 'signature_missing' }
}

/** Three parts, each written in the one way it can be: the library takes looser ones. */
function isCompact(token: string): boolean {
  const parts = token.split('.', 4)
  return parts.length === 3 && parts.every((part) => decoded(part, 'base64url') !== null)
}

async function verdictOf(scheme: Jwt, token: string, delivery: Delivery, secret: string): Promise<Verdict> {
  try {
    const { payload } = await jwtVerify(token, Buffer.from(secret), {
      algorithms: ['HS256'],
      currentDate: delivery.receivedAt,
      clockTolerance: CLOCK_SKEW_S,
      ...(scheme.maxAgeS === undefined ? { requiredClaims: ['exp'] } : { maxTokenAge: scheme.maxAgeS }),
      ...(scheme.issuer !== undefined && { issuer: scheme.issuer }),
    })
    return coversBody(scheme, payload, delivery) ? accepted : refused('signature_mismatch')
  } catch (error) {
    return refused(reasonOf(error))
  }
}

function coversBody({ bodyHash }: Jwt, payload: JWTPayload, delivery: Delivery): boolean {
  if (bodyHash === undefined) return true
  const claimed = Object.hasOwn(payload, bodyHash) ? payload[bodyHash] : undefined
  return typeof claimed === 'string' && sameSecret(claimed, sha256(delivery.rawBody).toString('hex'))
}

function reasonOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return 'timestamp_out_of_tolerance'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'iat' || error.claim === 'nbf'
      ? 'timestamp_out_of_tolerance'
      : 'signature_mismatch'
  }
  return error instanceof errors.JWSSignatureVerificationFailed ? 'signature_mismatch' : 'signature_malformed'
}

export async function signedWithJwt(
  scheme: Jwt,
  delivery: Delivery,
  secret: string,
): Promise<Delivery | null> {
  const [position] = scheme.at
  if (!position) return null
  const now = Math.floor(delivery.receivedAt.getTime() / 1_000)
  const claims = scheme.bodyHash ? { [scheme.bodyHash]: sha256(delivery.rawBody).toString('hex') } : {}
  const token = new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'HS256' }).setIssuedAt(now)
  if (scheme.issuer !== undefined) token.setIssuer(scheme.issuer)
  if (scheme.maxAgeS === undefined) token.setExpirationTime(now + 900)
  const text = await token.sign(Buffer.from(secret))
  return placed(delivery, position, ('header' in position ? (scheme.prefix ?? '') : '') + text)
}
