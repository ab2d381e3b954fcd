import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BodyBroken } from './body-store.ts'
import { addressOf, isOfPastDay, isOurs, newKey, retentionOf, urlOf } from './keys.ts'

const ID = '0199f5b6-0000-7000-8000-000000000000'

describe('raw_body_url', () => {
  test('leads back to the address, wherever the store has moved to', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<'segments' | 'single'>('segments', 'single'),
        fc.integer({ min: 1, max: 9_999_999_999 }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('file:///var/wasl/', 's3://bucket/', 's3://bucket/a%20b/segments/'),
        (kind, retention, offset, length, where) => {
          const key = newKey(kind, retention)
          expect(addressOf(urlOf(`${where}${key}`, { key, offset, length }))).toEqual({ key, offset, length })
          expect(retentionOf(key)).toBe(retention)
          expect(isOurs(key)).toBe(true)
        },
      ),
    )
  })

  test.each([
    '',
    'file:///etc/passwd#offset=0&length=9',
    `file:///b/segments/60/20261124/${ID}`,
    `file:///b/segments/60/20261124/${ID}#offset=-1&length=9`,
    `file:///b/segments/60/20261124/${ID}#offset=0&length=1e9`,
    `file:///b/segments/60/20261124/${ID}#offset=0&length=9#offset=0&length=9`,
    `file:///b/segments/60/20261124/${ID}#offset=0&length=9&x=1`,
    `file:///b/segments/60/20261124/${ID}/../../../../etc/passwd#offset=0&length=9`,
    `file:///b/segments/60/../${ID}#offset=0&length=9`,
    `file:///b/segments/60/20261124/..%2f${ID}#offset=0&length=9`,
    `file:///b/segments/60/20261124/${ID.toUpperCase().replace('F', 'G')}#offset=0&length=9`,
    `file:///b/segments/60/20261124/${ID}\0#offset=0&length=9`,
    `file:///b/segments/60/20261124/${ID}#offset=0&length=9\n`,
    `file:///b/xsegments/60/20261124/${ID}#offset=0&length=9`,
    `file:///b/segments/99999999999/20261124/${ID}#offset=0&length=9`,
  ])('%j is refused', (url) => {
    expect(() => addressOf(url)).toThrow(BodyBroken)
  })

  test('what a hostile text leads to is always one of our own keys', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        try {
          const { key } = addressOf(`${before}/single/60/20261124/${ID}${after}`)
          expect(key).toBe(`single/60/20261124/${ID}`)
        } catch (error) {
          expect(error).toBeInstanceOf(BodyBroken)
        }
      }),
    )
  })
})

test.each([
  [`segments/60/20261124/${ID}`, true],
  [`single/60/20261124/${ID}.draft`, true],
  [`single/60/20261124/notes.txt`, false],
  [`segments/60/20261124/x/${ID}`, false],
])('ours to remove: %s is %s', (key, expected) => {
  expect(isOurs(key)).toBe(expected)
})

test('yesterday is not yet past, for another replica may be behind', () => {
  const now = new Date('2026-11-24T00:00:10Z')
  expect(
    ['20261124', '20261123', '20261122'].map((day) => isOfPastDay(`single/60/${day}/${ID}`, now)),
  ).toEqual([false, false, true])
})
