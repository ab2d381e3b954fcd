import { Logger } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import type { Settings } from '@app/config'
import type { Database } from '@app/database'
import { Tasks } from './tasks.ts'

Logger.overrideLogger(false)
const SECOND = 1_000
beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

/** Tasks with a lock that nobody else wants; what is asked here is only when they run. */
function tasks(scheduler = true): Tasks {
  const settings = { runs: () => scheduler } as unknown as Settings
  const database = {
    withLock: (_: string, work: (lost: AbortSignal) => unknown) => work(new AbortController().signal),
  } as unknown as Database
  return new Tasks(settings, database, new SchedulerRegistry())
}

test.each([0, 0.25, 0.999])(
  'the first run is somewhere within the interval (%d), then one an interval',
  async (luck) => {
    jest.spyOn(Math, 'random').mockReturnValue(luck)
    const ran: number[] = []
    const started = Date.now()
    const made = tasks()
    made.add({
      name: 'often',
      everySeconds: 60,
      run: async () => ({ n: ran.push((Date.now() - started) / SECOND) }),
    })
    made.add({ name: 'by-hand', everySeconds: null, run: () => Promise.reject(new Error('not by itself')) })
    made.onApplicationBootstrap()
    await jest.advanceTimersByTimeAsync(170 * SECOND)
    expect(ran.map(Math.round)).toEqual(
      [0, 60, 120, 180].map((at) => at + Math.round(luck * 60)).filter((at) => at <= 170),
    )
  },
)

test('without the role of the scheduler nothing runs by itself', async () => {
  const made = tasks(false)
  const run = jest.fn(async () => ({}))
  made.add({ name: 'often', everySeconds: 1, run })
  made.onApplicationBootstrap()
  await jest.advanceTimersByTimeAsync(60 * SECOND)
  expect(run).not.toHaveBeenCalled()
})

test('a run that outlasts its interval is not overtaken, and one that fails is followed by the next', async () => {
  let [running, most, runs] = [0, 0, 0]
  const made = tasks()
  made.add({
    name: 'slow',
    everySeconds: 10,
    run: async () => {
      runs++
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 35 * SECOND))
      running--
      throw new Error('at the end')
    },
  })
  made.onApplicationBootstrap()
  await jest.advanceTimersByTimeAsync(200 * SECOND)
  expect(most).toBe(1)
  expect(runs).toBeGreaterThanOrEqual(4)
})

test('a stop tells what runs, waits for it, and begins nothing more', async () => {
  const made = tasks()
  let told = false
  let ended = false
  const run = jest.fn(
    ({ signal }: { signal: AbortSignal }) =>
      new Promise<Record<string, number>>((resolve) => {
        signal.addEventListener('abort', () => {
          told = true
          setTimeout(() => {
            ended = true
            resolve({})
          }, SECOND)
        })
      }),
  )
  made.add({ name: 'long', everySeconds: 10, run })
  made.onApplicationBootstrap()
  await jest.advanceTimersByTimeAsync(15 * SECOND)
  expect([run.mock.calls.length, told]).toEqual([1, false])
  made.onModuleDestroy()
  expect(told).toBe(true)
  const stopped = made.beforeApplicationShutdown()
  await jest.advanceTimersByTimeAsync(60 * SECOND)
  await stopped
  expect([ended, run.mock.calls.length]).toEqual([true, 1])
})
