import { inspect } from 'node:util'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Envelope, EnvelopeBroken, type Place } from './envelope.ts'
import { KeyRing } from './key-ring.ts'
import { Secret } from './secret.ts'

const key = (id: string, fill: number): { id: string; key: Buffer } => ({ id, key: Buffer.alloc(32, fill) })
const ring = (...ids: [string, ...string[]]): KeyRing => {
  const [first, ...older] = ids.map((id) => key(id, id.charCodeAt(0)))
  return new KeyRing({ encryptionKeys: [first!, ...older] })
}
const place: Place = { table: 't', column: 'c', owner: ['project', 'dev', 'connection'] }

test('any text comes back, and no two envelopes are alike', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const whole = text.toWellFormed()
      const [one, two] = [ring('a').seal(Secret.of(whole), place), ring('a').seal(Secret.of(whole), place)]
      expect(ring('a').open(one, place).reveal()).toBe(whole)
      expect(one).not.toEqual(two)
    }),
  )
})

test.each<[string, Partial<Place>]>([
  ['table', { table: 'u' }],
  ['column', { column: 'd' }],
  ['project', { owner: ['other', 'dev', 'connection'] }],
  ['environment', { owner: ['project', 'prod', 'connection'] }],
  ['connection', { owner: ['project', 'dev', 'other'] }],
  ['borders between the ids', { owner: ['project', 'devconnection'] }],
])('moved to another %s it does not open', (_, elsewhere) => {
  expect(() => ring('a').open(ring('a').seal(Secret.of('x'), place), { ...place, ...elsewhere })).toThrow(
    EnvelopeBroken,
  )
})

test('one changed byte anywhere and it does not open', () => {
  const sealed = ring('a').seal(Secret.of('a secret'), place)
  for (const part of ['key', 'text'] as const) {
    const bytes = Buffer.from(sealed[part], 'base64')
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes)
      changed[i] = (changed[i] ?? 0) ^ 1
      expect(() => ring('a').open({ ...sealed, [part]: changed.toString('base64') }, place)).toThrow(
        EnvelopeBroken,
      )
    }
    expect(() => ring('a').open({ ...sealed, [part]: bytes.subarray(1).toString('base64') }, place)).toThrow(
      EnvelopeBroken,
    )
  }
  for (const broken of [null, {}, { ...sealed, v: 2 }, { ...sealed, kid: 'z' }, 'text']) {
    expect(() => ring('a').open(broken, place)).toThrow(EnvelopeBroken)
  }
})

test('keys rotate: the first seals, all open, rewrapping ends with the first only', () => {
  const old: Envelope = ring('a').seal(Secret.of('kept'), place)
  const both = ring('b', 'a')
  expect(both.open(old, place).reveal()).toBe('kept')
  const renewed = both.rewrap(old, place)
  expect(ring('b').open(renewed, place).reveal()).toBe('kept')
  expect(both.rewrap(renewed, place)).toBeNull()
})

test('a secret prints, serialises and inspects as [secret]; hints begin at twelve characters', () => {
  const secret = Secret.of('sk_test_0123456789')
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }),
    Object.values(secret).join(),
  ]
  expect(shown.join()).not.toContain('0123')
  expect([secret.hint(), Secret.of('elevenchars').hint(), Secret.of('twelve chars').hint()]).toEqual([
    '…6789',
    '…',
    '…hars',
  ])
})
