import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '../../../../test/support/child.ts'
import { type Errand, Errands, lane } from './testing/errands.ts'
import { type Taken, WorkQueue } from './work-queue.ts'
import { type Work, Worker } from './worker.ts'

let errands: Errands
const workers: Worker<Errand>[] = []
const A = lane(1)
const B = lane(2)

beforeAll(async () => {
  errands = await Errands.open()
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  await errands.clear()
})
afterAll(() => errands.remove())

/** Counts what it is asked for. */
class Counting extends WorkQueue<Errand> {
  claims = 0
  override claim(...rest: Parameters<WorkQueue<Errand>['claim']>) {
    this.claims++
    return super.claim(...rest)
  }
}
const started = (work: Partial<Work<Errand>> = {}): { worker: Worker<Errand>; queue: Counting } => {
  const queue = new Counting(errands.database, errands.table)
  const worker = new Worker(queue, errands.work(work))
  workers.push(worker)
  worker.start()
  return { worker, queue }
}
const becomesEmpty = async (withinMs = 10_000): Promise<number> => {
  const left = (): Promise<number> => errands.count("status <> 'done'")
  return (await eventually(left, (count) => count === 0, withinMs)).answer
}
/** Work that goes on until it is let go, in the order in which it came. */
function held(): {
  underWay: Taken<Errand>[]
  most: Map<string, number>
  handle: Work<Errand>['handle']
  release(): void
} {
  const underWay: Taken<Errand>[] = []
  const most = new Map<string, number>()
  let waiting: (() => void)[] = []
  let open = false
  return {
    underWay,
    most,
    handle: async (rows) => {
      underWay.push(...rows)
      for (const { lane: of } of rows)
        most.set(of, Math.max(most.get(of) ?? 0, underWay.filter((row) => row.lane === of).length))
      if (!open) await new Promise<void>((resolve) => waiting.push(resolve))
      for (const row of rows) underWay.splice(underWay.indexOf(row), 1)
      await errands.end(rows)
    },
    release: () => {
      open = true
      for (const resolve of waiting.splice(0)) resolve()
      waiting = []
    },
  }
}

test('woken, it looks at once: twenty errands one behind the other, each told of', async () => {
  const { worker } = started()
  const since = performance.now()
  for (let n = 0; n < 20; n++) {
    await errands.add(1, A)
    worker.wake()
    expect(await becomesEmpty()).toBe(0)
  }
  // Found by looking every second, they would have taken twenty.
  expect(performance.now() - since).toBeLessThan(10_000)
})

test('not woken, it looks by itself; and idle it looks once a second, no more', async () => {
  const { queue } = started()
  await errands.add(3, A)
  expect(await becomesEmpty()).toBe(0)
  const before = queue.claims
  await new Promise((resolve) => setTimeout(resolve, 2_500)) // It is about doing nothing for a while.
  expect(queue.claims - before).toBeGreaterThanOrEqual(1)
  expect(queue.claims - before).toBeLessThanOrEqual(4)
})

test('full, it looks no more until a place is free', async () => {
  const hold = held()
  const { queue, worker } = started({ handle: hold.handle, atOnce: 4, perLane: 4 })
  await errands.add(6, A)
  await eventually(
    () => Promise.resolve(hold.underWay.length),
    (n) => n === 4,
    5_000,
  )
  const before = queue.claims
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  worker.wake()
  expect(hold.underWay).toHaveLength(4)
  expect(queue.claims - before).toBeLessThanOrEqual(1)
  hold.release()
  expect(await becomesEmpty()).toBe(0)
})

describe('under way at once', () => {
  test('of one lane never more than its share, however the places come free', async () => {
    const hold = held()
    // Rows of both lanes end one by one, so that claims are made with a lane almost full.
    const { worker } = started({ handle: hold.handle, batch: 10, atOnce: 40, perLane: 10 })
    await errands.add(9, A)
    worker.wake()
    await eventually(
      () => Promise.resolve(hold.underWay.length),
      (n) => n === 9,
      5_000,
    )
    await errands.add(30, A)
    await errands.add(5, B)
    worker.wake()
    await eventually(
      () => Promise.resolve(hold.underWay.filter((row) => row.lane === B).length),
      (n) => n === 5,
      5_000,
    )
    await new Promise((resolve) => setTimeout(resolve, 1_200)) // It looks once more by itself.
    hold.release()
    expect(await becomesEmpty()).toBe(0)
    expect(hold.most.get(A)).toBeLessThanOrEqual(10)
    expect(hold.most.get(B)).toBe(5)
  })

  test('a lane whose handlers hang leaves the others their places', async () => {
    const hold = held()
    const { worker } = started({
      atOnce: 20,
      perLane: 10,
      handle: async (rows, signal) =>
        rows[0]?.lane === A ? hold.handle(rows, signal) : errands.work().handle(rows, signal),
    })
    await errands.add(500, A, { created_at: "now() - interval '1 hour'" })
    await errands.add(50, B)
    worker.wake()
    const { answer } = await eventually(
      () => errands.count(`lane = '${B}' AND status <> 'done'`),
      (n) => n === 0,
      5_000,
    )
    expect(answer).toBe(0)
    hold.release()
  })
})

describe('suspects', () => {
  const suspects = (count: number): Promise<string[]> =>
    errands.add(count, A, {
      status: "'retrying'",
      retry_count: '1',
      error_message: "'worker_lost'",
      next_retry_at: "now() - interval '1 second'",
    })

  test('are under way one at a time, beside whatever else there is', async () => {
    const hold = held()
    const { worker } = started({ handle: hold.handle })
    await suspects(3)
    await errands.add(4, B)
    worker.wake()
    await eventually(
      () => Promise.resolve(hold.underWay.length),
      (n) => n === 5,
      5_000,
    )
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(hold.underWay.filter((row) => row.lane === A)).toHaveLength(1)
    hold.release()
    expect(await becomesEmpty()).toBe(0)
    expect(hold.most.get(A)).toBe(1)
  })

  test('that were innocent follow each other at once', async () => {
    await suspects(30)
    // Longer than a claim that finds nothing: each ends while the worker sleeps.
    const handle: Work<Errand>['handle'] = async (rows) => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      await errands.end(rows)
    }
    started({ handle })
    // One a second, as often as it looks by itself, would be half a minute.
    expect(await becomesEmpty(10_000)).toBe(0)
  })
})

test('all of a claim in one call, where the work is done together', async () => {
  const calls: number[] = []
  await errands.add(7, A)
  started({
    together: true,
    perLane: 14,
    handle: async (rows) => {
      calls.push(rows.length)
      await errands.end(rows)
    },
  })
  expect(await becomesEmpty()).toBe(0)
  expect(calls).toEqual([7])
})
