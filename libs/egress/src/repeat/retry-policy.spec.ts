import { describe, expect, test } from '@jest/globals'
import { EgressFailure } from '../egress-failure.ts'
import { nextDelay, retryAfterMs, type Tried } from './retry-policy.ts'

const DATE = Date.parse('2026-11-24T09:00:00Z')
const tried = (rest: Partial<Tried>): Tried => ({
  attempt: 1,
  outcome: { status: 503, headers: {} },
  repeatable: true,
  leftMs: 30_000,
  date: DATE,
  random: 0,
  ...rest,
})
const answered = (status: number, headers = {}): Tried['outcome'] => ({ status, headers })
const failed = (reason: EgressFailure['reason'], effect: 'none' | 'unknown'): Tried['outcome'] =>
  new EgressFailure(reason, { effect })

describe('what may be repeated', () => {
  test.each<[string, Tried['outcome'], boolean, boolean]>([
    ['503', answered(503), true, false],
    ['500', answered(500), true, false],
    ['501', answered(501), false, false],
    ['408', answered(408), true, false],
    ['429', answered(429), true, true],
    ['200', answered(200), false, false],
    ['400', answered(400), false, false],
    ['402', answered(402), false, false],
    ['404', answered(404), false, false],
    ['409', answered(409), false, false],
    ['a refused connection', failed('connect', 'none'), true, true],
    ['a name that is not known', failed('dns', 'none'), true, true],
    ['no answer', failed('headers_timeout', 'unknown'), true, false],
    ['a reset', failed('reset', 'unknown'), true, false],
    ['a refused address', failed('address', 'none'), false, false],
    ['bad credentials', failed('credentials', 'none'), false, false],
    ['a caller that gave up', failed('cancelled', 'none'), false, false],
    ['no time left', failed('total_timeout', 'unknown'), false, false],
    ['an open breaker', failed('breaker_open', 'none'), false, false],
    ['a limit of ours', failed('rate_limit', 'none'), false, false],
    ['an answer that is too large', failed('too_large', 'none'), false, false],
  ])('%s', (_, outcome, repeatable, otherwise) => {
    expect(nextDelay(tried({ outcome })) !== null).toBe(repeatable)
    expect(nextDelay(tried({ outcome, repeatable: false })) !== null).toBe(otherwise)
  })

  test('three tries, and no more', () => {
    expect([1, 2, 3, 4].map((attempt) => nextDelay(tried({ attempt })) !== null)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('when', () => {
  test('later each time, and between half of the step and all of it', () => {
    expect([nextDelay(tried({})), nextDelay(tried({ attempt: 2 }))]).toEqual([125, 250])
    expect([nextDelay(tried({ random: 1 })), nextDelay(tried({ attempt: 2, random: 1 }))]).toEqual([250, 500])
  })

  test('Retry-After lengthens, never shortens', () => {
    expect(nextDelay(tried({ outcome: answered(503, { 'retry-after': '2' }) }))).toBe(2_025)
    expect(nextDelay(tried({ outcome: answered(503, { 'retry-after': '0' }) }))).toBe(125)
  })

  test('who asks for more patience than we have is not asked again', () => {
    expect(nextDelay(tried({ outcome: answered(429, { 'retry-after': '60' }) }))).toBeNull()
  })

  test('not where the time that is left would be over', () => {
    expect(nextDelay(tried({ leftMs: 625 }))).toBe(125)
    expect(nextDelay(tried({ leftMs: 624 }))).toBeNull()
  })
})

test.each([
  ['120', 120_000],
  [' 3 ', 3_000],
  ['Tue, 24 Nov 2026 09:00:04 GMT', 4_000],
  ['Tue, 24 Nov 2026 08:00:00 GMT', 0],
  ['-5', 0],
  ['1e9', 0],
  ['soon', 0],
  ['', 0],
  [['7', '9'], 7_000],
  [undefined, 0],
])('Retry-After %j is %i ms', (text, ms) => {
  expect(retryAfterMs({ 'retry-after': text }, DATE)).toBe(ms)
})
