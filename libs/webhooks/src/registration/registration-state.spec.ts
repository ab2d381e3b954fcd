import { expect, test } from '@jest/globals'
import type { Registered } from '@app/connector-kit'
import { type FoundState, isNews, stateOf } from './registration-state.ts'

const URL_NOW = 'https://wasl.example/webhooks/github/key'
const hook = (over: Partial<Registered> = {}): Registered => ({
  id: '1',
  url: URL_NOW,
  events: [],
  active: true,
  ...over,
})
const old = { url: 'https://wasl.example/webhooks/github/old' }

test.each<[string, Registered[], FoundState]>([
  ['none', [], 'missing'],
  ['one at our address', [hook()], 'in_order'],
  ['one, signed', [hook({ signed: true })], 'in_order'],
  ['one, unsigned', [hook({ signed: false })], 'unsigned'],
  ['one, with the host in capitals', [hook({ url: URL_NOW.replace('wasl', 'WASL') })], 'in_order'],
  ['one at an old address', [hook(old)], 'other_address'],
  ['one at no address at all', [hook({ url: 'nonsense' })], 'other_address'],
  ['one that is off', [hook({ active: false })], 'inactive'],
  ['two that are off', [hook({ active: false }), hook({ active: false, ...old })], 'inactive'],
  ['one beside one that is off', [hook({ active: false, ...old }), hook()], 'in_order'],
  ['the old one beside ours that is off', [hook(old), hook({ active: false })], 'other_address'],
  ['two', [hook(), hook(old)], 'duplicate'],
])('%s: %j is %s', (_, found, state) => {
  expect(stateOf(found, URL_NOW)).toBe(state)
})

test.each<[FoundState | null, FoundState, boolean]>([
  [null, 'in_order', false],
  [null, 'unknown', false],
  [null, 'missing', true],
  ['in_order', 'in_order', false],
  ['missing', 'missing', false],
  ['in_order', 'missing', true],
  ['missing', 'inactive', true],
  ['missing', 'in_order', true],
  ['in_order', 'unknown', true],
])('from %s to %s is news: %s', (before, after, news) => {
  expect(isNews(before, after)).toBe(news)
})
