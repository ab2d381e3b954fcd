import type { Auth, Creds, Fields } from '@app/connector-kit'
import { EgressFailure } from '../egress-failure.ts'
import type { Draft, Proof } from './authentication.ts'

type Fixed<F extends Fields> = Extract<Auth<F>, { kind: 'bearer' | 'basic' | 'header' | 'query' }>

/** A proof that is the same on every call. Throws an `invalid_request` failure where a credential is missing. */
export function fixedProof<F extends Fields>(auth: Fixed<F>, creds: Creds<F>, { url }: Draft): Proof {
  switch (auth.kind) {
    case 'bearer':
      return inHeader('authorization', `Bearer ${credential(creds, auth.token)}`)
    case 'basic':
      return inHeader('authorization', basic(creds, auth.user, auth.password))
    case 'header':
      return inHeader(auth.name.toLowerCase(), (auth.prefix ?? '') + credential(creds, auth.value))
    case 'query':
      return inQuery(url, auth.name, credential(creds, auth.value))
  }
}

/** A credential as it goes over the wire. */
export function credential(creds: Creds, name: string): string {
  const value = creds[name]
  if (value === undefined) throw new EgressFailure('request', { effect: 'none' })
  return typeof value === 'string' ? value : value.reveal()
}

export function inHeader(name: string, value: string): Proof {
  return { headers: { [name]: value } }
}

export function basic(creds: Creds, user: string, password: string | undefined): string {
  const pair = `${credential(creds, user)}:${password === undefined ? '' : credential(creds, password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** A key in a URL is for providers that leave no other way. A parameter of the same name by the caller gives way. */
function inQuery(url: URL, name: string, value: string): Proof {
  const proved = new URL(url)
  proved.searchParams.delete(name)
  proved.searchParams.append(name, value)
  return { headers: {}, url: proved }
}
