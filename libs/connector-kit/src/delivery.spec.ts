import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Delivery, memberOf, textOf } from './delivery.ts'

const of = (body: string | Buffer, headers: string[] = [], url = 'https://wasl.example/k'): Delivery =>
  new Delivery('POST', url, headers, Buffer.from(body as string), new Date(0))
const json = (body: string | Buffer): unknown => of(body).json()

describe('headers', () => {
  test('are found whatever their case is, line by line', () => {
    const given = of('', ['X-Sign', 'a', 'x-sign', 'b', 'Other', ''])
    expect(given.lines('X-SIGN')).toEqual(['a', 'b'])
    expect(given.header('x-sign')).toBeUndefined()
    expect(given.header('other')).toBe('')
    expect(given.header('missing')).toBeUndefined()
    expect(given.headerNames()).toEqual(['x-sign', 'other'])
  })

  test('named like members of every object are headers like others', () => {
    expect(of('').header('constructor')).toBeUndefined()
    expect(of('', ['__proto__', 'a']).header('__proto__')).toBe('a')
  })
})

describe('the query', () => {
  test('gives every value, decoded once', () => {
    const given = of('', [], 'https://wasl.example/k?a=1&a=2&b=%252F+x&c')
    expect(given.query('a')).toEqual(['1', '2'])
    expect(given.query('b')).toEqual(['%2F x'])
    expect(given.query('c')).toEqual([''])
    expect(given.query('d')).toEqual([])
  })

  test('of what is no address is empty', () => expect(of('', [], 'nonsense').query('a')).toEqual([]))
})

describe('the body as JSON', () => {
  test('is parsed once', () => {
    const given = of('{"a":1}')
    expect(given.json()).toBe(given.json())
  })

  test.each([
    '',
    ' ',
    '{',
    '{"a":1}x',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":"\n"}',
    '\u0000',
    '{}\u0000',
    '{"a":"\u0000"}',
    '// c\n{}',
    '{"a":1,}',
  ])('what is none is undefined: %j', (body) => {
    expect(json(body)).toBeUndefined()
  })

  test('bytes that are no UTF-8 are undefined, never mended', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc3, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
    ])
      expect(json(Buffer.from(bytes))).toBeUndefined()
  })

  test('half a character and NUL, written as escapes, are text like any other: who stores them must look', () => {
    expect(json(String.raw`"\ud800"`)).toBe('\ud800')
    expect(json(String.raw`{"a":"\u0000"}`)).toEqual({ a: '\0' })
  })

  test('of two members of one name, the last one counts', () => {
    expect(json('{"a":1,"b":2,"a":3}')).toEqual({ b: 2, a: 3 })
  })

  test('__proto__ is a member like others, and changes nothing', () => {
    const value = json('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect((value as { admin?: boolean }).admin).toBeUndefined()
    expect(memberOf(value, 'admin')).toBeUndefined()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test.each(['[', '{"a":'])('64 levels of %s are read, 65 are not', (open) => {
    const close = open === '[' ? ']' : '}'
    const nested = (depth: number): string =>
      open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth)
    expect(json(nested(64))).toBeDefined()
    expect(json(nested(65))).toBeUndefined()
  })

  test('a million brackets cost no stack', () => {
    expect(json('['.repeat(1_000_000))).toBeUndefined()
    expect(json('[]'.repeat(1_000_000))).toBeUndefined()
  })

  test('brackets inside text are text', () => {
    const text = `{"a":"${'['.repeat(100)}","b":"\\"${'{'.repeat(100)}","c":"\\\\"}`
    expect(json(text)).toEqual(JSON.parse(text))
  })

  test('more than 25 MiB is not read', () => {
    const most = 25 * 1024 * 1024
    expect(json(`"${'a'.repeat(most - 2)}"`)).toHaveLength(most - 2)
    expect(json(`"${'a'.repeat(most - 1)}"`)).toBeUndefined()
    expect([...of('a='.padEnd(most + 1, 'b')).form()]).toEqual([])
  })

  test('whatever is JSON is read as JSON.parse does, and whatever is not does not throw', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => expect(json(text)).toEqual(JSON.parse(text))))
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void json(Buffer.from(bytes))))
  })
})

test('the body as a form shows repeated fields', () => {
  expect([...of('a=1&a=2&b=%D8%A8+x').form()]).toEqual([
    ['a', '1'],
    ['a', '2'],
    ['b', 'ب x'],
  ])
})

describe('members and text', () => {
  test('own members only, by path, in lists too', () => {
    const value = { a: [{ b: null }], 'x.y': 1 }
    expect(memberOf(value, 'a', '0', 'b')).toBeNull()
    expect(memberOf(value, 'x.y')).toBe(1)
    expect(memberOf(value)).toBe(value)
    for (const path of [['toString'], ['a', '1'], ['a', '0', 'b', 'c'], ['a', 'map'], ['x', 'y']])
      expect(memberOf(value, ...path)).toBeUndefined()
    expect(memberOf('text', 'length')).toBeUndefined()
    expect(memberOf(undefined, 'a')).toBeUndefined()
  })

  test.each([
    ['a', 'a'],
    ['', ''],
    [1.5, '1.5'],
    [-0, '0'],
    [1e21, '1e+21'],
    [NaN, undefined],
    [Infinity, undefined],
    [true, undefined],
    [null, undefined],
    [{}, undefined],
    [['a'], undefined],
  ])('%j as text is %j', (value, text) => expect(textOf(value)).toBe(text))
})
