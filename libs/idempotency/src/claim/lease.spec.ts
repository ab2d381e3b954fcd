import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { Logger } from '@nestjs/common'
import type { Held } from './claim.ts'
import { Lease } from './lease.ts'

const held: Held = { id: 'i', token: '1', takenOver: false, tenant: { projectId: 'p' } }
const logger = new Logger('test')
const SECONDS = 1_000

beforeEach(() => {
  jest.useFakeTimers()
  jest.spyOn(logger, 'warn').mockImplementation(() => undefined)
})
afterEach(() => {
  jest.useRealTimers()
})

const renewals = (...outcomes: (boolean | Error)[]) => {
  const renew = jest.fn<(held: Held) => Promise<boolean>>().mockResolvedValue(true)
  for (const outcome of outcomes) {
    if (outcome instanceof Error) renew.mockRejectedValueOnce(outcome)
    else renew.mockResolvedValueOnce(outcome)
  }
  return renew
}

test('three times within each lease, and no more once it has ended', async () => {
  const renew = renewals()
  const lease = new Lease({ renew }, held, logger)
  await jest.advanceTimersByTimeAsync(19 * SECONDS)
  expect(renew).toHaveBeenCalledTimes(0)
  await jest.advanceTimersByTimeAsync(41 * SECONDS)
  expect(renew.mock.calls).toEqual([[held], [held], [held]])
  lease.end()
  await jest.advanceTimersByTimeAsync(600 * SECONDS)
  expect(renew).toHaveBeenCalledTimes(3)
})

test('a lease that was lost is not asked for again; one that could not be renewed is', async () => {
  const renew = renewals(new Error('the database is away'), true, false)
  new Lease({ renew }, held, logger)
  await jest.advanceTimersByTimeAsync(200 * SECONDS)
  expect(renew).toHaveBeenCalledTimes(3)
  expect(logger.warn).toHaveBeenCalledTimes(1)
})

test('a handler that hangs loses its key after five minutes', async () => {
  const renew = renewals()
  new Lease({ renew }, held, logger)
  await jest.advanceTimersByTimeAsync(3_600 * SECONDS)
  expect(renew).toHaveBeenCalledTimes(14)
})
