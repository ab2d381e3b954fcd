import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import type { Tasks } from '@app/jobs'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { EventRescuer } from './event-rescuer.ts'

let fresh: FreshDatabase
let database: Database
let rescuer: EventRescuer
const never = new AbortController().signal
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  rescuer = new EventRescuer(undefined as unknown as Tasks, database)
  await database.query("INSERT INTO projects (name) VALUES ('p')")
  await database.query(
    "INSERT INTO integration_connections (project_id, provider) SELECT id, 'github' FROM projects",
  )
})
beforeEach(() => database.query('DELETE FROM integration_events'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const make = (what: { status?: string; lease?: string; attempts?: number; count?: number } = {}) =>
  database.query(
    `INSERT INTO integration_events (connection_id, provider, event_id, status, lease_until, lease_token, retry_count)
     SELECT id, provider, gen_random_uuid()::text, $1::integration_event_status, now() + $2::interval, 7, $3
     FROM integration_connections, generate_series(1, $4::int)`,
    [what.status ?? 'processing', what.lease ?? null, what.attempts ?? 1, what.count ?? 1],
  )
const events = () =>
  database.query<Record<string, unknown>>(
    `SELECT status::text, lease_until, lease_token::int, retry_count, next_retry_at <= now() AS due, error_message
     FROM integration_events`,
  )

test('what a dead worker left is due again, under a new token, with the attempt counted', async () => {
  await make({ lease: '-1 second', attempts: 3 })
  expect(await rescuer.rescue(never)).toEqual({ again: 1, dead_letter: 0 })
  expect(await events()).toEqual([
    {
      status: 'retrying',
      lease_until: null,
      lease_token: 8,
      retry_count: 3,
      due: true,
      error_message: 'worker_lost',
    },
  ])
  expect(await rescuer.rescue(never)).toEqual({ again: 0, dead_letter: 0 })
})

test('the worker that was only slow cannot write its result any more', async () => {
  await make({ lease: '-1 second' })
  const [held] = await database.query<{ lease_token: string }>('SELECT lease_token FROM integration_events')
  await rescuer.rescue(never)
  const written = await database.query(
    `UPDATE integration_events SET status = 'completed' WHERE status = 'processing' AND lease_token = $1 RETURNING id`,
    [held?.lease_token],
  )
  expect(written).toEqual([])
})

test('an event that took every attempt with its worker is a dead letter', async () => {
  await make({ lease: '-1 second', attempts: 8 })
  await make({ lease: '-1 second', attempts: 9 })
  expect(await rescuer.rescue(never)).toEqual({ again: 1, dead_letter: 1 })
  expect((await events()).map(({ status, due }) => [status, due]).sort()).toEqual([
    ['dead_letter', null],
    ['retrying', true],
  ])
})

test('whoever still has a lease, or is not under work, is let be', async () => {
  await make({ lease: '30 seconds' })
  for (const status of ['pending', 'completed', 'failed', 'retrying', 'dead_letter'])
    await make({ status, lease: '-1 hour' })
  expect(await rescuer.rescue(never)).toEqual({ again: 0, dead_letter: 0 })
})

test('rows of older schemas have no lease, and a minute', async () => {
  await make()
  expect(await rescuer.rescue(never)).toEqual({ again: 0, dead_letter: 0 })
  await database.query('ALTER TABLE integration_events DISABLE TRIGGER touch_updated_at')
  await database.query("UPDATE integration_events SET updated_at = now() - interval '61 seconds'")
  await database.query('ALTER TABLE integration_events ENABLE TRIGGER touch_updated_at')
  expect(await rescuer.rescue(never)).toEqual({ again: 1, dead_letter: 0 })
})

test('two rescuers at once: each event once, all of them', async () => {
  await make({ lease: '-1 second', count: 3_000 })
  const [one, two] = await Promise.all([rescuer.rescue(never), rescuer.rescue(never)])
  const rest = await rescuer.rescue(never)
  expect(one.again! + two.again! + rest.again!).toBe(3_000)
  expect(new Set((await events()).map(({ lease_token }) => lease_token))).toEqual(new Set([8]))
})
