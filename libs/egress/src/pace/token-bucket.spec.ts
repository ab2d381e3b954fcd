import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TokenBucket } from './token-bucket.ts'

test('begins full, then fills evenly', () => {
  const bucket = new TokenBucket({ requests: 2, perSeconds: 10 }, 0)
  expect(bucket.waitMs(0)).toBe(0)
  bucket.take()
  bucket.take()
  expect(bucket.waitMs(0)).toBe(5_000)
  expect(bucket.waitMs(3_000)).toBe(2_000)
  expect(bucket.waitMs(5_000)).toBe(0)
})

test('a burst of its own', () => {
  const bucket = new TokenBucket({ requests: 60, perSeconds: 60, burst: 1 }, 0)
  bucket.take()
  expect(bucket.waitMs(0)).toBe(1_000)
})

test('who takes what is still to come makes the next one wait longer', () => {
  const bucket = new TokenBucket({ requests: 1, perSeconds: 1 }, 0)
  bucket.take()
  bucket.take()
  expect(bucket.waitMs(0)).toBe(2_000)
  bucket.giveBack()
  expect(bucket.waitMs(0)).toBe(1_000)
})

test('whenever they come, no more pass than the burst and what came in since', () => {
  fc.assert(
    fc.property(
      fc.record({
        requests: fc.integer({ min: 1, max: 500 }),
        perSeconds: fc.integer({ min: 1, max: 3_600 }),
        burst: fc.integer({ min: 1, max: 100 }),
      }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }),
      (limit, pauses) => {
        const bucket = new TokenBucket(limit, 0)
        let [now, passed] = [0, 0]
        for (const pause of pauses) {
          now += pause
          if (bucket.waitMs(now) > 0) continue
          bucket.take()
          passed++
        }
        return passed <= limit.burst + (limit.requests * now) / (limit.perSeconds * 1_000) + 1e-6
      },
    ),
  )
})
