import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { type Tasks, WorkQueue } from '@app/jobs'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { EventRescuer } from '../event/event-rescuer.ts'
import { EVENT_WORK, type EventUnderWork } from './event-work.ts'

let fresh: FreshDatabase
let database: Database
let queue: WorkQueue<EventUnderWork>
let rescuer: EventRescuer
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  queue = new WorkQueue(database, EVENT_WORK)
  rescuer = new EventRescuer(undefined as unknown as Tasks, database)
  await database.query(
    `WITH p AS (INSERT INTO projects (name) VALUES ('Souq') RETURNING id)
     INSERT INTO integration_connections (project_id, provider, status) SELECT id, 'github', 'connected' FROM p, generate_series(1, 2)`,
  )
})
afterEach(async () => {
  await database.query('TRUNCATE integration_events, event_attempts')
  await database.query("UPDATE integration_connections SET status = 'connected'")
})
afterAll(async () => {
  await queue.close()
  await database.close()
  await fresh.drop()
})

const events = (each: number): Promise<unknown> =>
  database.query(
    `INSERT INTO integration_events (connection_id, project_id, provider, event_id)
     SELECT id, project_id, provider, 'evt ' || n FROM integration_connections, generate_series(1, $1::int) n`,
    [each],
  )
/** All that is due, whichever connection's turn it is. */
async function claim(): Promise<EventUnderWork[]> {
  const all: EventUnderWork[] = []
  for (;;) {
    const some = await queue.claim({ most: 100, perLane: 100, not: [] })
    if (some.length === 0) return all
    all.push(...some)
  }
}
/** Their worker dies, and the time of its leases passes. */
async function lost(): Promise<void> {
  await database.query(
    "UPDATE integration_events SET lease_until = now() - interval '1 second' WHERE status = 'processing'",
  )
  await rescuer.rescue(new AbortController().signal)
}

test('what a worker took with it once is bad luck, and claimed with all else; what it took twice is claimed alone', async () => {
  await events(3)
  expect(await claim()).toHaveLength(6)
  await lost()
  expect(await queue.claimSuspect()).toBeUndefined()
  expect((await claim()).map(({ retry_count: attempts }) => attempts)).toEqual([2, 2, 2, 2, 2, 2])
  await lost()
  expect(await claim()).toEqual([])
  const alone = [await queue.claimSuspect(), await queue.claimSuspect()]
  expect(new Set(alone.map((row) => row?.id)).size).toBe(2)
  expect(alone.map((row) => row?.retry_count)).toEqual([3, 3])
})

test('one that takes every worker along is a dead letter after nine', async () => {
  await events(1)
  await database.query(
    'DELETE FROM integration_events WHERE ctid IN (SELECT ctid FROM integration_events LIMIT 1)',
  )
  let taken = 0
  for (let crash = 0; crash < 12; crash++) {
    taken += (await claim()).length
    if (await queue.claimSuspect()) taken++
    await lost()
  }
  expect(taken).toBe(9)
  expect(
    await database.query('SELECT status::text, retry_count, error_message FROM integration_events'),
  ).toEqual([{ status: 'dead_letter', retry_count: 9, error_message: 'worker_lost' }])
  expect(
    await database.query("SELECT count(*)::int AS n FROM event_attempts WHERE code = 'worker_lost'"),
  ).toEqual([{ n: 9 }])
})

test('what a suspended connection was sent waits, whatever it is, and is claimed once it is resumed', async () => {
  await events(2)
  const [{ id: suspended } = { id: '' }] = await database.query<{ id: string }>(
    'SELECT id FROM integration_connections ORDER BY id LIMIT 1',
  )
  await database.query(
    'UPDATE integration_events SET lease_token = 5, retry_count = 2, status = $2, error_message = $3, next_retry_at = now() WHERE id IN (SELECT id FROM integration_events WHERE connection_id = $1 LIMIT 1)',
    [suspended, 'retrying', 'worker_lost'],
  )
  await database.query("UPDATE integration_connections SET status = 'suspended' WHERE id = $1", [suspended])
  const others = await claim()
  expect(others).toHaveLength(2)
  expect(others.map(({ connection_id: id }) => id)).not.toContain(suspended)
  expect(await queue.claimSuspect()).toBeUndefined()
  await database.query("UPDATE integration_connections SET status = 'connected'")
  expect(await claim()).toHaveLength(1)
  expect(await queue.claimSuspect()).toMatchObject({ connection_id: suspended })
})

test.each(['pending', 'connected', 'failed', 'expired', 'refreshing', 'disconnected'])(
  'a connection that is %s was told something all the same: it is processed',
  async (status) => {
    await events(1)
    await database.query('UPDATE integration_connections SET status = $1', [status])
    expect(await claim()).toHaveLength(2)
  },
)
