import { afterAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { eventually } from '../../../../test/support/child.ts'
import { OwnDatabase } from '../../../../test/support/own-database.ts'
import { type Errand, Errands, lane } from './testing/errands.ts'
import { type Taken, WorkQueue } from './work-queue.ts'
import { type Work, Worker } from './worker.ts'

// Each is about a limit of seconds, so they run at once, each on errands of its own.
const opened: Errands[] = []
const workers: Worker<Errand>[] = []
const A = lane(1)
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()))
  await Promise.all(opened.map((errands) => errands.remove()))
})

async function errandsAlone(): Promise<Errands> {
  const errands = await Errands.open()
  opened.push(errands)
  return errands
}
function workerOf(errands: Errands, work: Partial<Work<Errand>>): Worker<Errand> {
  const worker = new Worker(new WorkQueue<Errand>(errands.database, errands.table), errands.work(work))
  workers.push(worker)
  return worker
}
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve()
    })
  })
const never = new Promise<void>(() => undefined)
/** Closed until it is opened. */
function gate(): { opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
const isEnded = (errands: Errands, status: string, withinMs: number): Promise<{ answer: boolean }> =>
  eventually(
    async () => (await errands.count(`status <> '${status}'`)) === 0,
    (all) => all,
    withinMs,
  )

test.concurrent(
  'a handler that ends on its signal, and one that ignores it, are ended at their time',
  async () => {
    const errands = await errandsAlone()
    const [obedient] = await errands.add(1, A)
    await errands.add(1, A)
    const told: string[] = []
    const late: Taken<Errand>[] = []
    const stubborn = gate()
    const worker = workerOf(errands, {
      timeoutMs: 200,
      handle: async (rows, signal) => {
        if (rows[0]?.id === obedient) {
          await aborted(signal)
          told.push('obedient')
          return
        }
        await stubborn.opened
        late.push(...rows)
      },
    })
    worker.start()
    expect(await isEnded(errands, 'timed_out', 10_000)).toMatchObject({ answer: true })
    expect(told).toEqual(['obedient'])
    // Its place is free again, although it has not come back; and what it finds out then is refused.
    await worker.idle()
    stubborn.open()
    await eventually(
      () => Promise.resolve(late.length),
      (n) => n === 1,
      5_000,
    )
    expect(await errands.end(late)).toBe(0)
    await worker.stop()
  },
)

test.concurrent('a handler in its time is neither told to end nor ended', async () => {
  const errands = await errandsAlone()
  await errands.add(1, A)
  let signal: AbortSignal | undefined
  const worker = workerOf(errands, {
    timeoutMs: 1_000,
    handle: async (rows, its) => {
      signal = its
      await errands.end(rows)
    },
  })
  worker.start()
  await isEnded(errands, 'done', 5_000)
  await new Promise((resolve) => setTimeout(resolve, 1_500)) // Past the time at which it would be told.
  expect(signal?.aborted).toBe(false)
  expect(await errands.count("status = 'done'")).toBe(1)
  await worker.stop()
})

test.concurrent(
  'a lease is renewed while its handler works; a handler whose rows somebody else has is told to end, and writes nothing',
  async () => {
    const errands = await errandsAlone()
    const [kept, lost] = await errands.add(2, A)
    const told: string[] = []
    const end = gate()
    const worker = workerOf(errands, {
      timeoutMs: 60_000,
      handle: async (rows, signal) => {
        await Promise.race([aborted(signal), end.opened])
        if (signal.aborted) told.push(...rows.map(({ id }) => id))
        // As whoever writes an outcome must: under the lease.
        told.push(`wrote ${await errands.end(rows)}`)
      },
    })
    worker.start()
    await eventually(
      () => errands.count("status = 'processing'"),
      (n) => n === 2,
      5_000,
    )
    await errands.database.query(
      `UPDATE errands SET lease_until = now() + interval '12 seconds',
         lease_token = lease_token + CASE id WHEN $1 THEN 1 ELSE 0 END`,
      [lost],
    )
    // The renewal comes every ten seconds, three times a lease.
    const longer = await eventually(
      () => errands.count(`id = '${kept}' AND lease_until > now() + interval '20 seconds'`),
      (n) => n === 1,
      11_500,
    )
    expect(longer.answer).toBe(1)
    await eventually(
      () => Promise.resolve(told.length),
      (n) => n === 2,
      2_000,
    )
    expect(told).toEqual([lost, 'wrote 0'])
    expect(await errands.count(`id = '${lost}' AND status = 'processing'`)).toBe(1)
    end.open()
    await worker.stop()
    expect(await errands.count(`id = '${kept}' AND status = 'done'`)).toBe(1)
  },
)

test.concurrent('stop: takes no more, and waits for what ends', async () => {
  const errands = await errandsAlone()
  await errands.add(3, A)
  const end = gate()
  const worker = workerOf(errands, {
    perLane: 2,
    handle: async (rows) => {
      await end.opened
      await errands.end(rows)
    },
  })
  worker.start()
  await eventually(
    () => errands.count("status = 'processing'"),
    (n) => n === 2,
    5_000,
  )
  const stopped = worker.stop()
  end.open()
  await stopped
  expect(await errands.count("status = 'done'")).toBe(2)
  expect(await errands.count("status = 'pending' AND retry_count = 0")).toBe(1)
})

test.concurrent('stop: what does not end in time is given back, the attempt not counted', async () => {
  const errands = await errandsAlone()
  const [obedient] = await errands.add(1, A)
  await errands.add(1, A)
  const worker = workerOf(errands, {
    timeoutMs: 60_000,
    handle: async ([row], signal) => (row?.id === obedient ? aborted(signal) : never),
  })
  worker.start()
  await eventually(
    () => errands.count("status = 'processing'"),
    (n) => n === 2,
    5_000,
  )
  const since = performance.now()
  await worker.stop()
  // Two workers stop one after the other, and the process ends within fifteen seconds.
  expect(performance.now() - since).toBeLessThan(8_000)
  expect(await errands.count("status = 'pending' AND retry_count = 0 AND lease_until IS NULL")).toBe(2)
})

test.concurrent(
  'the database goes away and comes back: work goes on, and nothing has ended meanwhile',
  async () => {
    const own = await OwnDatabase.start()
    const database = await Database.connect(own.url)
    const errands = await Errands.over(database)
    try {
      await errands.add(2, A)
      const worker = workerOf(errands, {})
      worker.start()
      expect(await isEnded(errands, 'done', 5_000)).toMatchObject({ answer: true })
      await own.stop()
      worker.wake()
      await new Promise((resolve) => setTimeout(resolve, 1_500)) // The outage itself.
      await own.start()
      const since = performance.now()
      await errands.add(2, A)
      expect(await isEnded(errands, 'done', 5_000)).toMatchObject({ answer: true })
      expect(performance.now() - since).toBeLessThan(5_000)
      await own.stop()
      // Also while it is away a worker stops.
      await worker.stop()
    } finally {
      await database.close()
      await own.remove()
    }
  },
)
