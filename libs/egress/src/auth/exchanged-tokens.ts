import { createHash } from 'node:crypto'
import type { Creds, Exchange, Fields } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { LRUCache } from 'lru-cache'
import { EgressFailure } from '../egress-failure.ts'
import { type Authentication, type Place } from './authentication.ts'
import { askedFor, tokenIn } from './exchange.ts'
import { inHeader } from './fixed-proof.ts'

interface Held {
  token: Promise<Secret>
  /** The calendar's time from which another one is asked for; unknown while it is still coming. */
  freshUntil: number
}

const KEPT = 10_000
/** A token is renewed before its end: after nine tenths of its life, and a minute early where its life is long. */
const EARLY_SHARE = 0.1
const EARLY_MS = 60_000

/**
 * Tokens that stored credentials were exchanged for: in memory only, one for each connection, asked for once however many
 * calls wait for it, forgotten when a provider refuses it.
 */
export class ExchangedTokens {
  readonly #held = new LRUCache<string, Held>({ max: KEPT })

  authentication<F extends Fields>(auth: Exchange<F>, creds: Creds<F>, place: Place): Authentication {
    // Of the credentials too: a rotated secret must not live on in a token that the old one bought.
    const slot = slotOf(auth, creds, place)
    let used: Held | undefined
    return {
      proof: async () => {
        used = this.#fresh(slot, place) ?? this.#ask(slot, auth, creds, place)
        const token = (await used.token).reveal()
        const { name, prefix = '' } = auth.header ?? { name: 'authorization', prefix: 'Bearer ' }
        return inHeader(name.toLowerCase(), `${prefix}${token}`)
      },
      refused: () => {
        if (used === undefined) return false
        if (this.#held.get(slot) === used) this.#held.delete(slot)
        return true
      },
    }
  }

  #fresh(slot: string, place: Place): Held | undefined {
    const held = this.#held.get(slot)
    return held !== undefined && place.date() < held.freshUntil ? held : undefined
  }

  #ask<F extends Fields>(slot: string, auth: Exchange<F>, creds: Creds<F>, place: Place): Held {
    const asked = Promise.withResolvers<Secret>()
    const held: Held = { token: asked.promise, freshUntil: Infinity }
    this.#held.set(slot, held)
    exchanged(auth, creds, place).then(
      ({ token, lifeMs, date }) => {
        held.freshUntil = date + lifeMs - Math.min(EARLY_MS, lifeMs * EARLY_SHARE)
        asked.resolve(token)
      },
      (error: unknown) => {
        if (this.#held.get(slot) === held) this.#held.delete(slot)
        asked.reject(error)
      },
    )
    return held
  }
}

/** Nobody's own call: whoever waits for it may give up, and the others still get their token. */
async function exchanged<F extends Fields>(
  auth: Exchange<F>,
  creds: Creds<F>,
  place: Place,
): Promise<{ token: Secret; lifeMs: number; date: number }> {
  const date = place.date()
  const reply = await place.send(askedFor(auth, creds, place))
  const { status } = reply
  if (status === 400 || status === 401 || status === 403) {
    throw new EgressFailure('credentials', { effect: 'none', status })
  }
  const found = status >= 200 && status < 300 ? tokenIn(auth, reply.body, date) : undefined
  if (found === undefined) throw new EgressFailure('exchange', { effect: 'none', status })
  return { ...found, date }
}

function slotOf<F extends Fields>(auth: Exchange<F>, creds: Creds<F>, { about, base }: Place): string {
  const hash = createHash('sha256').update(JSON.stringify([about.connection, base, auth.at]))
  for (const [name, value] of Object.entries(creds as Creds)) {
    if (value !== undefined)
      hash.update(JSON.stringify([name, typeof value === 'string' ? value : value.reveal()]))
  }
  return hash.digest('base64')
}
