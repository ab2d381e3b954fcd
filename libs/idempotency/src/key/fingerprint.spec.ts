import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fingerprintOf } from './fingerprint.ts'

const of = (body: unknown, params: unknown = {}, query: unknown = {}): string =>
  fingerprintOf({ params, query, body }).toString('hex')
const read = (text: string): string => of(JSON.parse(text))

test.each([
  ['members in another order', '{"a":1,"b":{"c":2,"d":[1,2]}}', '{"b":{"d":[1,2],"c":2},"a":1}'],
  ['space between', '{"a":1}', ' { "a" : 1 } '],
  ['numbers written otherwise', '{"a":1,"b":100,"c":0.5}', '{"a":1.0,"b":1e2,"c":5E-1}'],
  ['characters written otherwise', '{"a":"قهوة A"}', '{"a":"\\u0642هوة \\u0041"}'],
])('one request: %s', (_, one, other) => {
  expect(read(one)).toBe(read(other))
})

test('no body is an empty one', () => {
  expect(of(undefined)).toBe(of({}))
})

describe('another request', () => {
  test.each([
    ['a value', { a: 1 }, { a: 2 }],
    ['a type', { a: 1 }, { a: '1' }],
    ['null and nothing', { a: null }, {}],
    ['a list in another order', [1, 2], [2, 1]],
    ['one level deeper', { a: { b: 1 } }, { a: 1, b: 1 }],
    ['a list and what looks like one', ['x'], { 0: 'x' }],
    ['composed and decomposed', { a: 'é' }, { a: 'é'.normalize('NFD') }],
    ['Arabic and Latin digits', { a: '١' }, { a: '1' }],
    ['a word that would be a function', { toJSON: 1 }, {}],
  ])('%s', (_, one, other) => {
    expect(of(one)).not.toBe(of(other))
  })

  test('an id in the path, a part of the query, and none is taken for another', () => {
    const all = [of({ a: '1' }), of({}, { a: '1' }), of({}, {}, { a: '1' }), of({}, { a: '2' })]
    expect(new Set(all).size).toBe(4)
  })
})

test('whatever is said: the order of its members makes no difference, and anything else does', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(of(reversed(one))).toBe(of(one))
      const same = of(one) === of(other)
      expect(same).toBe(alike(one ?? {}, other ?? {}))
    }),
  )
})

function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  )
}

/** As JSON sees it: there is one zero. */
function alike(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)))
}
