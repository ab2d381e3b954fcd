import type { Secret } from '@app/secrets'
import { EgressFailure } from '../egress-failure.ts'
import type { CallAbout } from '../finished-call.ts'
import type { Authentication } from './authentication.ts'
import { inHeader } from './fixed-proof.ts'

/** Who keeps the access tokens of linked accounts fresh. */
export interface TokenSource {
  /** The token to use now; null: the account must be linked again. */
  tokenOf(connection: string): Promise<Secret | null>
  /** The provider refused it. True: the next `tokenOf` may bring another one. */
  refused(connection: string): boolean
}

/** A slot: whoever keeps OAuth tokens fills it when it starts. Unfilled, a call that needs one fails, and sends nothing. */
export class LentTokens {
  #source: TokenSource | null = null

  fill(source: TokenSource): void {
    this.#source = source
  }

  authentication({ connection }: CallAbout): Authentication {
    return {
      proof: async () => {
        const token = connection === undefined ? null : await this.#source?.tokenOf(connection)
        if (!token) throw new EgressFailure('no_token', { effect: 'none' })
        return inHeader('authorization', `Bearer ${token.reveal()}`)
      },
      refused: () => connection !== undefined && (this.#source?.refused(connection) ?? false),
    }
  }
}
