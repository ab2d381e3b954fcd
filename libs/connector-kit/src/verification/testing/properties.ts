import { expect } from '@jest/globals'
import { Secret } from '@app/secrets'
import fc from 'fast-check'
import { Delivery } from '../../delivery.ts'
import { type Scheme, sign } from '../schemes.ts'
import { ask, AT, delivery, yes } from './ask.ts'

const anySecret = fc.string({ unit: 'binary', minLength: 1 })

/** Whatever the body and the secret are: what is signed is accepted, with that secret and no other. */
export async function signedIsAccepted(scheme: Scheme, secrets = anySecret): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), secrets, secrets, async (body, secret, another) => {
      const signed = (await sign(scheme, delivery({ body }), Secret.of(secret)))!
      expect(await ask(scheme, signed, secret)).toEqual(yes)
      expect(await ask(scheme, signed, another, secret)).toEqual(yes)
      expect((await ask(scheme, signed, another)).ok).toBe(another === secret)
      expect((await ask(scheme, signed, '')).ok).toBe(false)
      expect((await ask(scheme, signed)).ok).toBe(false)
    }),
    { numRuns: 100 },
  )
}

/** One bit of the body, or one character of a signed header: nothing but what was signed is accepted. */
export async function changedIsRefused(scheme: Scheme, secrets = anySecret): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1 }),
      secrets,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      async (body, secret, place, within, bit) => {
        const signed = (await sign(scheme, delivery({ body }), Secret.of(secret)))!
        const flipped = Buffer.from(signed.rawBody)
        flipped[place % flipped.length]! ^= 1 << bit
        const lines = signed.headerNames().flatMap((name) => [name, signed.header(name)!])
        const ofBody = new Delivery('POST', signed.url, lines, flipped, AT)
        expect((await ask(scheme, ofBody, secret)).ok).toBe(false)
        if (lines.length === 0) return

        const header = 2 * (place % (lines.length / 2)) + 1
        const value = lines[header]!
        const at = within % value.length
        const other = value[at] === 'A' ? 'B' : 'A'
        const changed = lines.with(header, value.slice(0, at) + other + value.slice(at + 1))
        const ofHeader = new Delivery('POST', signed.url, changed, signed.rawBody, AT)
        expect((await ask(scheme, ofHeader, secret)).ok).toBe(false)
      },
    ),
    { numRuns: 150 },
  )
}

/** Whatever stands in the headers that the scheme reads, in the query and in the body: no throw, no acceptance. */
export async function hostileIsRefused(scheme: Scheme, names: string[]): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.string({ unit: 'binary' }))),
      fc.oneof(fc.uint8Array(), fc.json(), fc.constant('{"__proto__":{"x":"y"}}')),
      fc.webQueryParameters(),
      async (headers, body, query) => {
        const given = delivery({ lines: headers.flat(), body, url: `https://wasl.example/k?${query}` })
        expect((await ask(scheme, given, 'a secret that nobody guesses')).ok).toBe(false)
      },
    ),
    { numRuns: 300 },
  )
}
