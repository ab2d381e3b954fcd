import { expect, test } from '@jest/globals'
import { isAskable } from './registration.ts'

const words = { en: 'Set it.', ar: 'اضبطه.' }
const needs = { name: 'repository', pattern: /^[a-z]+\/[a-z]+$/, help: words }

test.each([
  [{}, false],
  [{ repository: '' }, false],
  [{ repository: 'acme' }, false],
  [{ repository: 7 }, false],
  [{ repository: null }, false],
  [{ repository: 'acme/shop' }, true],
  [JSON.parse('{"__proto__":{"repository":"acme/shop"}}') as Record<string, unknown>, false],
])('with %j the provider can be asked: %s', (config, asked) => {
  expect(isAskable({ needs }, config)).toBe(asked)
})

test('what needs nothing can be asked', () => {
  expect(isAskable({}, {})).toBe(true)
})
