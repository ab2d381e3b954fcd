import type { Creds, Exchange, Fields } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import type { EgressRequest } from '../egress-request.ts'
import { providerUrl } from '../provider-path.ts'
import type { Place } from './authentication.ts'
import { basic, credential } from './fixed-proof.ts'

/** The call that buys a token. */
export function askedFor<F extends Fields>(
  auth: Exchange<F>,
  creds: Creds<F>,
  { base, about }: Place,
): EgressRequest {
  const { as, credentials = {}, fixed = {} } = auth.send
  const members: Record<string, string> = { ...fixed }
  for (const [name, from] of Object.entries(credentials)) members[name] = credential(creds, from)
  return {
    method: 'POST',
    url: 'url' in auth.at ? filled(auth.at.url, creds) : providerUrl(base, filled(auth.at.path, creds)),
    headers: {
      accept: 'application/json',
      'content-type': as === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
      ...(auth.basic && { authorization: basic(creds, auth.basic.user, auth.basic.password) }),
    },
    body: as === 'json' ? JSON.stringify(members) : new URLSearchParams(members).toString(),
    // It changes nothing that a customer would notice, so a doubtful one may be asked again.
    reads: true,
    confidential: true,
    about: { ...about, operation: 'token_exchange' },
  }
}

/** The token in an answer and how long it lives; undefined where there is none. */
export function tokenIn<F extends Fields>(
  auth: Exchange<F>,
  body: Buffer,
  date: number,
): { token: Secret; lifeMs: number } | undefined {
  const answer = parsed(body)
  const token = at(answer, auth.token)
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) return undefined
  return { token: Secret.of(token), lifeMs: lifeOf(auth, answer, date) }
}

function lifeOf<F extends Fields>(
  { expiresIn, expiresAt, lifetimeS }: Exchange<F>,
  answer: unknown,
  date: number,
): number {
  const seconds = expiresIn === undefined ? NaN : Number(at(answer, expiresIn) ?? NaN)
  if (seconds > 0) return seconds * 1_000
  const end = expiresAt === undefined ? NaN : timeOf(at(answer, expiresAt))
  return end > date ? end - date : lifetimeS * 1_000
}

/** A date as text, or seconds since 1970. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value * 1_000
  if (typeof value !== 'string') return NaN
  return /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value)
}

/** Credentials in a URL are escaped: none can reach for another path or host. */
function filled(template: string, creds: Creds): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(credential(creds, name)))
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return undefined
  }
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name)
          ? (inner as Record<string, unknown>)[name]
          : undefined,
      value,
    )
}
