import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { eventually } from '../../../../test/support/child.ts'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { WorkQueue } from './work-queue.ts'
import { type Work, Worker } from './worker.ts'

const LANE = '00000000-0000-0000-0000-00000000000a'
const TABLE = {
  name: 'errands',
  lane: 'lane',
  statusType: 'text',
  isSuspect: "w.error_message = 'worker_lost'",
}
let fresh: FreshDatabase
let database: Database
beforeAll(async () => {
  fresh = await freshDatabase('blank')
  await sql(
    fresh.url,
    `CREATE TABLE errands (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), lane uuid NOT NULL, status text NOT NULL DEFAULT 'pending',
       retry_count int NOT NULL DEFAULT 0, next_retry_at timestamptz, lease_until timestamptz, lease_token bigint NOT NULL DEFAULT 0,
       error_message text, created_at timestamptz NOT NULL DEFAULT now())`,
  )
  database = await Database.connect(fresh.url)
})
afterEach(() => sql(fresh.url, 'TRUNCATE errands'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const errands = (count: number) =>
  sql(fresh.url, `INSERT INTO errands (lane) SELECT $1 FROM generate_series(1, ${count})`, [LANE])
const left = async (): Promise<number> => {
  const [row] = await sql<{ n: number }>(
    fresh.url,
    "SELECT count(*)::int AS n FROM errands WHERE status <> 'done'",
  )
  return row?.n ?? -1
}
const work = (fields: Partial<Work<object>>): Work<object> => ({
  name: 'errands',
  batch: 10,
  atOnce: 10,
  perLane: 10,
  timeoutMs: 5_000,
  together: false,
  handle: async (rows) => {
    await database.query("UPDATE errands SET status = 'done' WHERE id = ANY ($1)", [rows.map(({ id }) => id)])
  },
  timedOut: () => Promise.resolve(),
  ...fields,
})

test('what was never tried has no error, and is no suspect', async () => {
  await errands(3)
  const queue = new WorkQueue(database, TABLE)
  const taken = await queue.claim({ most: 10, perLane: 10, not: [] })
  expect(taken.map(({ status, retry_count, lane }: any) => [status, retry_count, lane])).toEqual(
    Array.from({ length: 3 }, () => ['processing', 1, LANE]),
  )
  await queue.close()
})

test('one lane, one at a time: whoever ends while a claim finds nothing has the next one follow at once', async () => {
  await errands(8)
  // Each ends within the claim that its full lane kept from finding the next one. Slept through, this takes eight polls.
  class Slow extends WorkQueue<object> {
    override async claim(wanted: Parameters<WorkQueue<object>['claim']>[0]) {
      const taken = await super.claim(wanted)
      await new Promise((resolve) => setTimeout(resolve, taken.length > 0 ? 0 : 40))
      return taken
    }
  }
  const queue = new Slow(database, TABLE)
  const worker = new Worker(queue, work({ perLane: 1, batch: 2, atOnce: 4 }))
  worker.start()
  const { answer } = await eventually(left, (count) => count === 0, 4_000)
  await worker.stop()
  expect(answer).toBe(0)
})
