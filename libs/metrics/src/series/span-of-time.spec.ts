import { expect, test } from '@jest/globals'
import { spanOf } from './span-of-time.ts'

const NOW = new Date('2026-11-24T10:20:30.400Z')
const shown = ({ from, to, intervals }: ReturnType<typeof spanOf>) => [
  from.toISOString(),
  to.toISOString(),
  intervals.length,
]

test('a day of hours, or a month of days, up to the one that runs', () => {
  expect(shown(spanOf({ interval: 'hour' }, NOW))).toEqual([
    '2026-11-23T11:00:00.000Z',
    '2026-11-24T11:00:00.000Z',
    24,
  ])
  expect(shown(spanOf({ interval: 'day' }, NOW))).toEqual([
    '2026-10-26T00:00:00.000Z',
    '2026-11-25T00:00:00.000Z',
    30,
  ])
})

test('whole intervals of UTC, whatever zone is asked in', () => {
  const asked = { from: '2026-11-24T02:59:59+03:00', to: '2026-11-24T04:00:00+03:00' }
  expect(shown(spanOf({ ...asked, interval: 'hour' }, NOW))).toEqual([
    '2026-11-23T23:00:00.000Z',
    '2026-11-24T01:00:00.000Z',
    2,
  ])
  expect(shown(spanOf({ ...asked, interval: 'day' }, NOW))).toEqual([
    '2026-11-23T00:00:00.000Z',
    '2026-11-25T00:00:00.000Z',
    2,
  ])
})

test.each([
  ['hour', '2026-10-24T10:00:00Z', '2026-11-24T10:00:01Z'],
  ['day', '2020-01-01T00:00:00Z', undefined],
  ['hour', '2026-11-24T12:00:00Z', '2026-11-24T12:00:00Z'],
  ['day', '2026-12-24T12:00:00Z', '2026-11-24T12:00:00Z'],
] as const)('by the %s from %p to %p is refused', (interval, from, to) => {
  expect(() => spanOf({ interval, from, to }, NOW)).toThrow('invalid_request')
})

test('thirty-one days by the hour are not too many', () => {
  const { intervals } = spanOf(
    { interval: 'hour', from: '2026-10-24T10:00:00Z', to: '2026-11-24T10:00:00Z' },
    NOW,
  )
  expect(intervals.length).toBe(744)
})
