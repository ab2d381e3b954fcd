import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { retryAfterSeconds, schedules } from './retry-schedule.ts'

const middle = (): number => 0.5
const minutes = (n: number): number => n * 60
const hours = (n: number): number => n * 3_600

test('5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 15 h; then no more', () => {
  const steps = Array.from({ length: 10 }, (_, n) => retryAfterSeconds(n + 1, { random: middle }))
  expect(steps).toEqual([
    5,
    30,
    minutes(2),
    minutes(10),
    minutes(30),
    hours(2),
    hours(6),
    hours(15),
    null,
    null,
  ])
})

test('the patient one has two steps of 24 h more', () => {
  const steps = [8, 9, 10, 11].map((attempt) =>
    retryAfterSeconds(attempt, { schedule: 'patient', random: middle }),
  )
  expect(steps).toEqual([hours(15), hours(24), hours(24), null])
})

describe('whatever the attempt, the chance and what the other side asks for', () => {
  const schedule = fc.constantFrom('usual' as const, 'patient' as const)
  const attempt = fc.integer({ min: 1, max: 12 })
  const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

  test('a step is jittered by a fifth at most, both ways', () => {
    fc.assert(
      fc.property(schedule, attempt, chance, (name, n, random) => {
        const step = schedules[name][n - 1]
        const delay = retryAfterSeconds(n, { schedule: name, random: () => random })
        if (step === undefined) return delay === null
        return delay !== null && delay >= step * 0.8 - 1e-9 && delay <= step * 1.2 + 1e-9
      }),
    )
    expect(retryAfterSeconds(1, { random: () => 0 })).toBeCloseTo(4)
    expect(retryAfterSeconds(1, { random: () => 1 })).toBeCloseTo(6)
  })

  test('Retry-After only lengthens it, and to twice the step at most', () => {
    fc.assert(
      fc.property(schedule, attempt, chance, fc.double(), (name, n, random, askedFor) => {
        const unasked = retryAfterSeconds(n, { schedule: name, random: () => random })
        const asked = retryAfterSeconds(n, { schedule: name, random: () => random, askedFor })
        const step = schedules[name][n - 1]
        if (step === undefined || unasked === null || asked === null) return asked === unasked
        const wanted = Number.isNaN(askedFor) ? 0 : askedFor
        return asked === Math.max(unasked, Math.min(wanted, 2 * step))
      }),
    )
    expect(retryAfterSeconds(1, { random: middle, askedFor: 7 })).toBe(7)
    expect(retryAfterSeconds(1, { random: middle, askedFor: 3_600 })).toBe(10)
    expect(retryAfterSeconds(9, { askedFor: 60 })).toBeNull()
  })

  test('by itself the chance is no constant', () => {
    expect(new Set(Array.from({ length: 20 }, () => retryAfterSeconds(8))).size).toBeGreaterThan(10)
  })
})
