import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CallWindow } from './call-window.ts'

const MINUTE = 60_000
const START = 1_800_000_000_000

function windowOf(successes: number, failures: number, at = START): CallWindow {
  const window = new CallWindow()
  for (let n = 0; n < successes; n++) window.note(false, at)
  for (let n = 0; n < failures; n++) window.note(true, at)
  return window
}

test.each([
  [0, 19, false],
  [0, 20, true],
  [10, 10, true],
  [11, 10, false],
  [100, 99, false],
])('%d good and %d bad calls: bad is %s', (successes, failures, bad) => {
  expect(windowOf(successes, failures).looksBad(START)).toBe(bad)
})

test('five minutes later it is forgotten, without another call', () => {
  const window = windowOf(0, 20)
  expect(window.looksBad(START + 4.5 * MINUTE)).toBe(true)
  expect(window.looksBad(START + 5.5 * MINUTE)).toBe(false)
})

test('however calls are spread, it counts those of the last five minutes and holds twenty slots at most', () => {
  const call = fc.record({ after: fc.integer({ min: 0, max: 3 * MINUTE }), failed: fc.boolean() })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
      const window = new CallWindow()
      const noted: { at: number; failed: boolean }[] = []
      let now = START
      for (const { after, failed } of calls) {
        now += after
        window.note(failed, now)
        noted.push({ at: now, failed })
      }
      // A slot is fifteen seconds, so that the edge is blurred by one.
      const slot = (at: number): number => Math.floor(at / 15_000)
      const within = noted.filter(({ at }) => slot(at) > slot(now) - 20)
      const failures = within.filter(({ failed }) => failed).length
      expect(window.looksBad(now)).toBe(within.length >= 20 && failures * 2 >= within.length)
    }),
  )
})
