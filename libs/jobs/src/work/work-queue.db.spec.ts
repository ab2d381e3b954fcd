import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { eventually } from '../../../../test/support/child.ts'
import { type Errand, Errands, lane } from './testing/errands.ts'
import { type Taken, WorkQueue } from './work-queue.ts'

let errands: Errands
const queues: WorkQueue<Errand>[] = []
const A = lane(1)
const B = lane(2)
const C = lane(3)

beforeAll(async () => {
  errands = await Errands.open()
})
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()))
  await errands.clear()
})
afterAll(() => errands.remove())

const queue = (): WorkQueue<Errand> => {
  const one = new WorkQueue<Errand>(errands.database, errands.table)
  queues.push(one)
  return one
}
const all = { most: 100, perLane: 100, not: [] }
const counted = (taken: readonly Taken<Errand>[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { lane: of } of taken) counts[of] = (counts[of] ?? 0) + 1
  return counts
}

describe('a claim', () => {
  test('counts the attempt, leases the row for thirty seconds of the database, and gives it a new token', async () => {
    await errands.add(1, A)
    const [row] = await queue().claim(all)
    expect(row).toMatchObject({ status: 'processing', retry_count: 1, lease_token: '1', lane: A })
    // As it stands in the table, before anybody has handled anything.
    expect(
      await errands.rows(
        'retry_count, lease_token::int, extract(epoch FROM lease_until - now())::int AS seconds',
      ),
    ).toEqual([{ retry_count: 1, lease_token: 1, seconds: 30 }])
  })

  test('eight at once: every row once', async () => {
    for (let n = 1; n <= 20; n++) await errands.add(100, lane(n))
    const takenBy = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const one = queue()
        const taken: string[] = []
        for (let empty = 0; empty < 3;) {
          const rows = await one.claim({ most: 37, perLane: 10, not: [] })
          if (rows.length === 0) empty++
          taken.push(...rows.map(({ id }) => id))
        }
        return taken
      }),
    )
    expect(takenBy.filter((taken) => taken.length > 0).length).toBeGreaterThan(1)
    expect(takenBy.flat()).toHaveLength(2_000)
    expect(new Set(takenBy.flat()).size).toBe(2_000)
    expect(await errands.count("status = 'processing' AND retry_count = 1 AND lease_token = 1")).toBe(2_000)
  })

  test('passes by what another transaction holds, without waiting for it', async () => {
    const [held] = await errands.add(1, A)
    await errands.add(2, A)
    const holder = new pg.Client({ connectionString: errands.url })
    await holder.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT FROM errands WHERE id = $1 FOR UPDATE', [held])
    try {
      const rows = await queue().claim(all)
      expect(rows).toHaveLength(2)
      expect(rows.map(({ id }) => id)).not.toContain(held)
    } finally {
      await holder.end()
    }
  })

  test('takes what is due by the clock of the database, oldest first, whatever ours says', async () => {
    const [late] = await errands.add(1, A, { created_at: "now() - interval '3 hours'" })
    const [retried] = await errands.add(1, A, {
      status: "'retrying'",
      created_at: "now() - interval '9 hours'",
      next_retry_at: "now() - interval '1 hour'",
    })
    await errands.add(1, A, { status: "'retrying'", next_retry_at: "now() + interval '1 hour'" })
    await errands.add(1, A, { created_at: "now() + interval '1 hour'" })
    for (const status of ['processing', 'completed', 'dead_letter', 'failed'])
      await errands.add(1, A, { status: `'${status}'` })
    const ours = Date.now
    Date.now = () => ours() + 24 * 3_600_000
    try {
      const one = queue()
      expect((await one.claim({ ...all, most: 1 })).map(({ id }) => id)).toEqual([late])
      expect((await one.claim(all)).map(({ id }) => id)).toEqual([retried])
      expect(await one.claim(all)).toEqual([])
    } finally {
      Date.now = ours
    }
  })

  test('leaves what is not ready where it is', async () => {
    await errands.add(1, A, { ready: 'false' })
    await errands.add(1, A)
    expect(await queue().claim(all)).toHaveLength(1)
    expect(await errands.count("status = 'pending'")).toBe(1)
  })
})

test('its plans were made while the table was empty, and no claim reads all of it now', async () => {
  const one = queue()
  const [before] = await readings()
  // PostgreSQL keeps a plan from the sixth time on.
  for (let n = 0; n < 8; n++) await one.claim(all)
  await errands.add(5_000, A)
  for (let n = 0; n < 20; n++) await one.claim(all)
  // What a session has read is told when it ends.
  await one.close()
  const { answer } = await eventually(readings, ([now]) => now!.by_index >= before!.by_index + 2_000, 10_000)
  expect(answer[0]!.by_index).toBeGreaterThanOrEqual(before!.by_index + 2_000)
  expect(answer[0]!.through_all).toBe(before!.through_all)
})
const readings = (): Promise<{ through_all: number; by_index: number }[]> =>
  errands.database.query(
    "SELECT seq_tup_read::int AS through_all, idx_tup_fetch::int AS by_index FROM pg_stat_user_tables WHERE relname = 'errands'",
  )

describe('lanes', () => {
  test('share a claim, and a backlog does not delay the row behind it', async () => {
    await errands.add(1_000, A, { created_at: "now() - interval '1 day'" })
    await errands.add(1, B)
    await errands.add(500, C, { created_at: "now() - interval '2 days'" })
    const first = counted(await queue().claim({ most: 30, perLane: 100, not: [] }))
    expect(first).toEqual({ [A]: 10, [B]: 1, [C]: 10 })
  })

  test('give no more than one lane may have, even alone', async () => {
    await errands.add(50, A)
    expect(counted(await queue().claim({ most: 40, perLane: 7, not: [] }))).toEqual({ [A]: 7 })
  })

  test('that are full are left out', async () => {
    await errands.add(5, A)
    await errands.add(5, B)
    expect(counted(await queue().claim({ ...all, not: [A] }))).toEqual({ [B]: 5 })
    expect(await queue().claim({ ...all, not: [A] })).toEqual([])
  })

  test('that are held wait, suspects with them, and go on when they are open again', async () => {
    await errands.add(2, A)
    await errands.add(1, A, { status: "'retrying'", error_message: "'worker_lost'" })
    await errands.add(1, B)
    await errands.database.query('INSERT INTO closed_lanes VALUES ($1)', [A])
    const one = queue()
    expect(counted(await one.claim(all))).toEqual({ [B]: 1 })
    expect(await one.claimSuspect()).toBeUndefined()
    await errands.database.query('DELETE FROM closed_lanes')
    expect(counted(await one.claim(all))).toEqual({ [A]: 2 })
    expect(await one.claimSuspect()).toMatchObject({ lane: A })
  })

  test('take turns: where there is room for one at a time, each has come round before any comes twice', async () => {
    for (let n = 1; n <= 5; n++) await errands.add(10, lane(n))
    const one = queue()
    const order: string[] = []
    for (let n = 0; n < 10; n++)
      order.push(...(await one.claim({ most: 1, perLane: 1, not: [] })).map((row) => row.lane))
    const round = [1, 2, 3, 4, 5].map(lane)
    expect(order).toEqual([...round, ...round])
  })

  test('are drawn from in turn even where there are more of them than one claim looks at', async () => {
    for (let n = 1; n <= 120; n++) await errands.add(2, lane(n))
    const one = queue()
    const seen = new Set<string>()
    for (let n = 0; n < 3; n++) for (const row of await one.claim({ ...all, most: 50 })) seen.add(row.lane)
    expect(seen.size).toBe(120)
  })
})

describe('a lease', () => {
  test('is renewed by who holds it, and by nobody else', async () => {
    await errands.add(2, A)
    const one = queue()
    const [kept, lost] = await one.claim(all)
    await errands.database.query(
      "UPDATE errands SET lease_until = now() + interval '1 second', lease_token = lease_token + CASE id WHEN $1 THEN 1 ELSE 0 END",
      [lost!.id],
    )
    expect(await one.renew([kept!, lost!])).toEqual(new Set([kept!.id]))
    expect(
      await errands.rows('extract(epoch FROM lease_until - now())::int > 20 AS long', `id = '${kept!.id}'`),
    ).toEqual([{ long: true }])
    expect(
      await errands.rows('extract(epoch FROM lease_until - now())::int > 20 AS long', `id = '${lost!.id}'`),
    ).toEqual([{ long: false }])
  })

  test('that is over is not renewed once somebody has taken the row up, ended or not', async () => {
    await errands.add(2, A)
    const one = queue()
    const taken = await one.claim(all)
    await errands.database.query("UPDATE errands SET status = 'retrying', lease_token = lease_token + 1")
    expect(await one.renew(taken)).toEqual(new Set())
    const again = await queue().claim(all)
    expect(await one.renew(taken)).toEqual(new Set())
    expect(await errands.end(taken)).toBe(0)
    expect(await errands.end(again)).toBe(2)
  })

  test('given back: due at once, as if it had never been taken', async () => {
    await errands.add(1, A)
    await errands.add(1, B, {
      status: "'retrying'",
      retry_count: '3',
      next_retry_at: "now() - interval '1 minute'",
    })
    const one = queue()
    const taken = await one.claim(all)
    expect(taken.map(({ retry_count: attempts }) => attempts).sort()).toEqual([1, 4])
    await one.giveBack(taken)
    expect(await errands.rows('lane, status, retry_count, lease_until')).toEqual([
      { lane: A, status: 'pending', retry_count: 0, lease_until: null },
      { lane: B, status: 'retrying', retry_count: 3, lease_until: null },
    ])
    // Whoever gave it back holds it no more.
    expect(await errands.end(taken)).toBe(0)
    expect(await queue().claim(all)).toHaveLength(2)
  })

  test('gives nothing back that was ended, or that somebody else has', async () => {
    await errands.add(2, A)
    const one = queue()
    const [ended, lost] = await one.claim(all)
    await errands.end([ended!])
    await errands.database.query('UPDATE errands SET lease_token = lease_token + 1 WHERE id = $1', [lost!.id])
    await one.giveBack([ended!, lost!])
    const states = await errands.rows<{ id: string }>('id, status, retry_count')
    expect(states.find(({ id }) => id === ended!.id)).toMatchObject({ status: 'done', retry_count: 1 })
    expect(states.find(({ id }) => id === lost!.id)).toMatchObject({ status: 'processing', retry_count: 1 })
  })
})

test('suspects are no part of a claim: they come one by one, the one that waits longest first', async () => {
  await errands.add(1, A)
  const suspect = (due: string): Promise<string[]> =>
    errands.add(1, A, {
      status: "'retrying'",
      retry_count: '1',
      error_message: "'worker_lost'",
      next_retry_at: `now() + interval '${due}'`,
    })
  const [second] = await suspect('-1 minute')
  const [first] = await suspect('-2 minutes')
  await suspect('1 hour')
  const one = queue()
  expect(await one.claim(all)).toHaveLength(1)
  expect(await one.claimSuspect()).toMatchObject({ id: first, retry_count: 2, lease_token: '1' })
  expect(await one.claimSuspect()).toMatchObject({ id: second })
  expect(await one.claimSuspect()).toBeUndefined()
})
