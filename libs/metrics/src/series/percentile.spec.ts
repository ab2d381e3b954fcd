import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BOUNDS, BUCKETS, bucketOf } from '../counting/histogram.ts'
import { percentile } from './percentile.ts'

const bucketsOf = (observations: readonly number[]): number[] => {
  const buckets = new Array<number>(BUCKETS).fill(0)
  for (const ms of observations) buckets[bucketOf(ms)]!++
  return buckets
}
const milliseconds = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 400 })

test.each([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [30_000, BUCKETS - 2],
  [30_001, BUCKETS - 1],
])('%p ms lie in bucket %p', (ms, bucket) => {
  expect(bucketOf(ms)).toBe(bucket)
})

describe('a percentile', () => {
  test('of nothing is nothing', () => {
    expect(percentile(bucketsOf([]), 0.5)).toBeNull()
  })

  test('is linear within its bucket', () => {
    const buckets = new Array<number>(BUCKETS).fill(0)
    buckets[bucketOf(100)] = 100 // between 50 and 100
    expect([0.5, 0.95, 0.99, 1].map((share) => percentile(buckets, share))).toEqual([75, 97.5, 99.5, 100])
  })

  test('beyond the last bound is that bound: at least', () => {
    expect(percentile(bucketsOf([40_000, 50_000]), 0.5)).toBe(30_000)
  })

  test('lies in the bucket of the observation that it stands for', () => {
    fc.assert(
      fc.property(milliseconds, fc.double({ min: 0.01, max: 1, noNaN: true }), (observations, share) => {
        const sorted = [...observations].sort((left, right) => left - right)
        const meant = bucketOf(sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? 0)
        const found = percentile(bucketsOf(observations), share) ?? -1
        expect(found).toBeGreaterThanOrEqual(BOUNDS[meant - 1] ?? 0)
        expect(found).toBeLessThanOrEqual(BOUNDS[meant] ?? 30_000)
      }),
    )
  })

  test('never falls where the share rises, and is the same for the same observations in any order or size', () => {
    fc.assert(
      fc.property(milliseconds, (observations) => {
        const buckets = bucketsOf(observations)
        const found = [0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1].map((share) => percentile(buckets, share) ?? -1)
        expect(found).toEqual([...found].sort((left, right) => left - right))
        expect(
          percentile(
            buckets.map((n) => n * 7),
            0.95,
          ),
        ).toBe(found[4])
      }),
    )
  })
})
