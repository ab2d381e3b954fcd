import { describe, expect, test } from '@jest/globals'
import type { FinishedCall } from '@app/egress'
import { newId } from '@app/http'
import { CallQueue, type Dropped } from './call-queue.ts'
import { isSampled, recorded, type RecordedCall } from './recorded-call.ts'

const call = (rest: Partial<FinishedCall> = {}): FinishedCall => ({
  method: 'GET',
  host: 'api.provider.test',
  path: '/v1/things',
  status: 200,
  ms: 3,
  bytes: 10,
  outcome: 'answered',
  attempt: 1,
  about: { provider: 'tap_payments' },
  detail: { url: 'https://api.provider.test/v1/things', requestHeaders: { accept: 'x' }, responseBody: 'y' },
  ...rest,
})
const inFull = (rest: Partial<RecordedCall> = {}): RecordedCall => ({
  ...recorded(call()),
  call: call(),
  inFull: true,
  ...rest,
})

function queue(rows: number, bytes = 1e9): { queue: CallQueue; dropped: Dropped[] } {
  const dropped: Dropped[] = []
  return { queue: new CallQueue({ rows, bytes }, (what) => void dropped.push(what)), dropped }
}

describe('a queue that fills', () => {
  test('first keeps samples short, then gives up what went well, then errors; and tells each', () => {
    const { queue: calls, dropped } = queue(4)
    for (let n = 0; n < 2; n++) calls.add(inFull())
    expect(dropped).toEqual([])
    for (let n = 0; n < 2; n++) calls.add(inFull())
    expect(dropped).toEqual(['details', 'details'])
    calls.add(inFull())
    expect(dropped.splice(0)).toEqual(['details', 'details', 'details', 'success'])
    for (let n = 0; n < 4; n++) calls.add(inFull({ isError: true }))
    expect(dropped.splice(0)).toEqual(['success', 'success', 'success', 'success'])
    calls.add(inFull({ isError: true }))
    expect(dropped).toEqual(['error'])
    const taken = calls.take(10)
    expect(taken.map(({ isError, call: { detail } }) => [isError, detail?.responseBody])).toEqual(
      Array.from({ length: 4 }, () => [true, 'y']),
    )
    expect(calls.length).toBe(0)
  })

  test('is bounded in bytes as well, and has room again when something is taken', () => {
    const large = call({ status: 500, detail: { ...call().detail!, responseBody: 'x'.repeat(5_000) } })
    const { queue: calls, dropped } = queue(1_000, 12_000)
    for (let n = 0; n < 3; n++) calls.add(recorded(large))
    expect(dropped).toEqual(['error'])
    calls.take(1)
    calls.add(recorded(large))
    expect([calls.length, dropped]).toEqual([2, ['error']])
  })
})

test('one call in a hundred is kept in full, told by its id; every error is', () => {
  const ids = Array.from({ length: 40_000 }, newId)
  const share = ids.filter(isSampled).length / ids.length
  expect(share).toBeGreaterThan(0.007)
  expect(share).toBeLessThan(0.013)
  for (const id of ids.slice(0, 100)) expect(isSampled(id)).toBe(isSampled(id.toLowerCase()))
  for (let n = 0; n < 300; n++) {
    const one = recorded(call())
    expect(one.inFull).toBe(isSampled(one.id))
    expect(one.call.detail?.responseBody).toBe(one.inFull ? 'y' : undefined)
    expect(recorded(call({ status: 404 })).call.detail?.responseBody).toBe('y')
  }
})

test('of a large body no more is held than a row could show', () => {
  const { call: kept } = recorded(
    call({ status: 500, detail: { ...call().detail!, requestBody: 'é'.repeat(9e5) } }),
  )
  expect(kept.detail?.requestBody?.length).toBe(9 * 1024)
})
