import { beforeEach, expect, test } from '@jest/globals'
import type { FinishedCall } from '@app/egress'
import { Suspicion } from './suspicion.ts'

let now: number
let suspicion: Suspicion
beforeEach(() => {
  now = 1_800_000_000_000
  suspicion = new Suspicion(() => now)
})

const call = (what: Partial<FinishedCall> = {}): FinishedCall => ({
  method: 'GET',
  host: 'api.github.com',
  path: '/user',
  status: 200,
  ms: 1,
  bytes: 1,
  outcome: 'answered',
  attempt: 1,
  about: { connection: 'c1' },
  ...what,
})
const answered = (status: number): FinishedCall => call({ status })
/** How many of as many calls raise it. */
const raised = (times: number, one: FinishedCall): number =>
  Array.from({ length: times }, () => suspicion.isRaisedBy(one)).filter(Boolean).length

test('twenty failures raise it once, and a quick recovery is asked a minute later', () => {
  expect(raised(19, answered(503))).toBe(0)
  expect(raised(1, answered(503))).toBe(1)
  expect(raised(100, answered(503))).toBe(0)
  expect(raised(200, answered(200))).toBe(0)
  now += 60_000
  expect(raised(10, answered(200))).toBe(1)
})

test.each<[string, FinishedCall]>([
  ['a decline', answered(402)],
  ['invalid input', answered(422)],
  ['429', answered(429)],
  ['a caller who gave up', call({ outcome: 'provider_timeout', reason: 'cancelled' })],
  ['an address that is refused', call({ outcome: 'refused_address', reason: 'address' })],
  ['a request that could not be sent', call({ outcome: 'invalid_request', reason: 'request' })],
  ['our own check', call({ status: 500, about: { connection: 'c1', operation: 'health' } })],
  ['nobody’s call', call({ status: 500, about: {} })],
])('%s never does', (_, one) => {
  expect(raised(100, one)).toBe(0)
})

test.each<[string, FinishedCall]>([
  ['500', answered(500)],
  ['a time-out', call({ outcome: 'provider_timeout', reason: 'headers_timeout' })],
  ['a refused connection', call({ outcome: 'provider_unavailable', reason: 'connect' })],
  ['a reset', call({ outcome: 'provider_error', reason: 'reset' })],
])('%s does', (_, one) => {
  expect(raised(20, one)).toBe(1)
})

test('401 at once, and no more than once a minute', () => {
  expect(raised(50, answered(401))).toBe(1)
  now += 59_999
  expect(raised(1, answered(401))).toBe(0)
  now += 1
  expect(raised(1, answered(401))).toBe(1)
})

test('one connection does not speak for another', () => {
  for (let n = 0; n < 19; n++) suspicion.isRaisedBy(call({ status: 500, about: { connection: 'c1' } }))
  expect(suspicion.isRaisedBy(call({ status: 500, about: { connection: 'c2' } }))).toBe(false)
})

test('memory is bounded: the least recently used are forgotten', () => {
  for (let n = 0; n < 19; n++) suspicion.isRaisedBy(answered(500))
  for (let n = 0; n < 10_000; n++) suspicion.isRaisedBy(call({ about: { connection: `other ${n}` } }))
  expect(suspicion.isRaisedBy(answered(500))).toBe(false)
})
