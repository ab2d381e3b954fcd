import { expect, test } from '@jest/globals'
import type { Problem } from '@app/http'
import { Attempts } from './attempts.ts'

test('6,000 calls a minute; the next hears 429, when to come again, and what the limit is', async () => {
  const attempts = new Attempts()
  for (let left = 5_999; left >= 0; left--) {
    expect((await attempts.called('one')).remaining).toBe(left)
  }
  const refused = (await attempts.called('one').catch((error: unknown) => error)) as Problem
  expect([refused.kind.code, refused.kind.status]).toEqual(['rate_limited', 429])
  const headers = refused.circumstances.headers ?? {}
  expect(headers).toMatchObject({ 'ratelimit-limit': '6000', 'ratelimit-remaining': '0' })
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  expect(headers['retry-after']).toBe(headers['ratelimit-reset'])
  expect((await attempts.called('another')).remaining).toBe(5_999)
})
