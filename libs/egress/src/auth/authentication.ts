import type { Auth, Creds, Fields } from '@app/connector-kit'
import { EgressFailure } from '../egress-failure.ts'
import type { EgressReply, EgressRequest, SendOptions } from '../egress-request.ts'
import type { CallAbout } from '../finished-call.ts'
import { ExchangedTokens } from './exchanged-tokens.ts'
import { fixedProof } from './fixed-proof.ts'
import type { LentTokens } from './lent-tokens.ts'
import { sigv4Proof } from './sigv4.ts'

/** A try that is about to be sent. */
export interface Draft {
  method: string
  url: URL
  headers: Readonly<Record<string, string>>
  /** undefined: none. A stream cannot be looked at. */
  body: EgressRequest['body']
}

/** What proves who we are, ready to be put on one try. */
export interface Proof {
  headers: Readonly<Record<string, string>>
  /** The address with the proof in it, where it belongs there. */
  url?: URL
}

export interface Authentication {
  /** Throws an `EgressFailure` without effect where there is none. */
  proof(draft: Draft): Promise<Proof>
  /** The provider answered 401. True: another try would be proved anew. */
  refused?(): boolean
}

/** Where a connection's proof is used, and what helps to make it. */
export interface Place {
  send(request: EgressRequest, options?: SendOptions): Promise<EgressReply>
  tokens: ExchangedTokens
  lent: LentTokens
  /** The base URL of the connection's endpoint. */
  base: string
  about: CallAbout
  date(): number
}

/** A connector's declared authentication, with a connection's credentials in it. */
export function authenticationOf<F extends Fields>(
  auth: Auth<F>,
  creds: Creds<F>,
  place: Place,
): Authentication {
  switch (auth.kind) {
    case 'bearer':
    case 'basic':
    case 'header':
    case 'query':
      return { proof: (draft) => Promise.resolve(fixedProof(auth, creds, draft)) }
    case 'exchange':
      return place.tokens.authentication(auth, creds, place)
    case 'sign':
      return { proof: (draft) => sigv4Proof(auth, creds, draft, new Date(place.date())) }
    case 'oauth2':
      return place.lent.authentication(place.about)
    default:
      return { proof: () => Promise.reject(new EgressFailure('unsupported_auth', { effect: 'none' })) }
  }
}
