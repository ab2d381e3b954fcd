import { expect, test } from '@jest/globals'
import { verdictOn } from './verdict.ts'

const failed = { code: 'http_500', delivered: false }
const middle = (): number => 0.5

test('ten more tries, over three days, then no more', () => {
  const steps = Array.from({ length: 11 }, (_, n) => verdictOn(failed, n + 1, middle))
  expect(steps).toEqual([
    ...[5, 30, 120, 600, 1_800, 7_200, 21_600, 54_000, 86_400, 86_400].map((afterSeconds) => ({
      status: 'retrying',
      afterSeconds,
    })),
    { status: 'dead_letter' },
  ])
})

test('a try that would always end so is the last, and one that went well too', () => {
  expect(verdictOn({ ...failed, permanent: true }, 1)).toEqual({ status: 'dead_letter' })
  expect(verdictOn({ code: 'delivered', delivered: true }, 11)).toEqual({ status: 'delivered' })
})

test('what the other side asks for lengthens a step, to twice its length at most', () => {
  const after = (retryAfter: number): unknown => verdictOn({ ...failed, retryAfter }, 2, middle)
  expect(after(10)).toEqual({ status: 'retrying', afterSeconds: 30 })
  expect(after(45)).toEqual({ status: 'retrying', afterSeconds: 45 })
  expect(after(3_600)).toEqual({ status: 'retrying', afterSeconds: 60 })
})
