import type { Auth, Creds, Fields } from '@app/connector-kit'
import { EgressFailure } from './egress-failure.ts'

/** What proves who we are, ready to be put on one call. */
export interface Proof {
  headers: Readonly<Record<string, string>>
  query: Readonly<Record<string, string>>
}

/** `query` stands in unified-models.md 8; a key in a URL is for providers that leave no other way. */
type Declared =
  Auth<Fields> | { kind: 'query'; name: string; value: string } | { kind: 'exchange' | 'sign' | 'oauth2' }

/**
 * A connector's declared authentication with a connection's credentials in it. Throws an `invalid_request` failure where
 * a credential is missing, and `unsupported` for a kind that this build does not speak yet.
 */
export function proofOf<F extends Fields>(auth: Auth<F>, creds: Creds<F>): Proof {
  const declared = auth as Declared
  switch (declared.kind) {
    case 'bearer':
      return inHeader('authorization', `Bearer ${text(creds, declared.token)}`)
    case 'basic':
      return inHeader('authorization', `Basic ${userAndPassword(creds, declared.user, declared.password)}`)
    case 'header':
      return inHeader(declared.name.toLowerCase(), text(creds, declared.value))
    case 'query':
      return { headers: {}, query: { [declared.name]: text(creds, declared.value) } }
    default:
      throw new EgressFailure('unsupported_auth', { effect: 'none' })
  }
}

function inHeader(name: string, value: string): Proof {
  return { headers: { [name]: value }, query: {} }
}

function userAndPassword(creds: Creds, user: string, password: string | undefined): string {
  return Buffer.from(`${text(creds, user)}:${password === undefined ? '' : text(creds, password)}`).toString(
    'base64',
  )
}

function text(creds: Creds, name: string): string {
  const value = creds[name]
  if (value === undefined) throw new EgressFailure('request', { effect: 'none' })
  return typeof value === 'string' ? value : value.reveal()
}
