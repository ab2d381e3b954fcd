import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { Timeline } from '@app/webhooks'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { DeliveryTimeline } from './delivery-timeline.ts'

const id = (n: number) => `01a20b6b-0000-7000-8000-${n.toString().padStart(12, '0')}`
const [PROJECT, OTHER, EVENT, NEWS, FIRST, SECOND, ARRIVED, WAITS] = [1, 2, 3, 4, 5, 6, 7, 8].map(id)
const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 12, 0, second))

let fresh: FreshDatabase
let database: Database
let timeline: Timeline
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  timeline = new Timeline()
  new DeliveryTimeline(timeline, database).onModuleInit()
  await database.query("INSERT INTO projects (id, name) VALUES ($1, 'ours'), ($2, 'theirs')", [
    PROJECT,
    OTHER,
  ])
  await database.query(
    `INSERT INTO outgoing_events (id, project_id, environment, event_id, type, subject, occurred_at, data)
     VALUES ($1, $2, 'dev', $3, 'code.pushed', 's', now(), '{}')`,
    [NEWS, PROJECT, EVENT],
  )
  await database.query(
    `INSERT INTO destinations (id, project_id, name, url) VALUES ($1, $3, 'shop', 'https://a.example'), ($2, $3, NULL, 'https://b.example')`,
    [FIRST, SECOND, PROJECT],
  )
  await database.query(
    `INSERT INTO destination_deliveries (id, project_id, environment, destination_id, outgoing_event_id, status, created_at)
     VALUES ($1, $3, 'dev', $4, $6, 'delivered', $7), ($2, $3, 'dev', $5, $6, 'retrying', $7)`,
    [ARRIVED, WAITS, PROJECT, FIRST, SECOND, NEWS, at(0)],
  )
  await database.query(
    `INSERT INTO delivery_attempts (delivery_id, project_id, attempt, outcome, response_status, duration_ms, at) VALUES
       ($1, $3, 1, 'http_500', 500, 9, $4), ($1, $3, 2, 'delivered', 200, 8, $6), ($2, $3, 1, 'timeout', NULL, 7, $5)`,
    [ARRIVED, WAITS, PROJECT, at(1), at(2), at(3)],
  )
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

test('each way of an event is told, and each try', async () => {
  const made = { at: at(0), what: 'delivery_made', outgoing_event_id: NEWS, replay_id: null }
  const tried = { what: 'delivery_tried' }
  const ways = await timeline.of({ projectId: PROJECT ?? '' }, EVENT ?? '')
  expect(ways).toHaveLength(5)
  expect(ways).toEqual(
    expect.arrayContaining([
      { ...made, delivery_id: ARRIVED, destination_id: FIRST },
      { ...made, delivery_id: WAITS, destination_id: SECOND },
      {
        ...{ ...tried, at: at(1), delivery_id: ARRIVED, destination_id: FIRST, attempt: 1 },
        ...{ outcome: 'http_500', response_status: 500, duration_ms: 9 },
      },
      {
        ...{ ...tried, at: at(2), delivery_id: WAITS, destination_id: SECOND, attempt: 1 },
        ...{ outcome: 'timeout', response_status: null, duration_ms: 7 },
      },
      {
        ...{ ...tried, at: at(3), delivery_id: ARRIVED, destination_id: FIRST, attempt: 2 },
        ...{ outcome: 'delivered', response_status: 200, duration_ms: 8 },
      },
    ]),
  )
})

test('a line a destination says how far it is', async () => {
  const nothing = { delivered: 0, waiting: 0, dead_letter: 0, cancelled: 0 }
  expect(await timeline.deliveriesOf({ projectId: PROJECT ?? '' }, EVENT ?? '')).toEqual([
    {
      ...{ ...nothing, destination_id: FIRST, name: 'shop', delivered: 1, attempts: 2 },
      ...{ last_outcome: 'delivered', last_attempt_at: at(3) },
    },
    {
      ...{ ...nothing, destination_id: SECOND, name: null, waiting: 1, attempts: 1 },
      ...{ last_outcome: 'timeout', last_attempt_at: at(2) },
    },
  ])
})

test('to nobody else, and to no key of another environment', async () => {
  for (const tenant of [
    { projectId: OTHER ?? '' },
    { projectId: PROJECT ?? '', environment: 'prod' as const },
  ]) {
    expect(await timeline.of(tenant, EVENT ?? '')).toEqual([])
    expect(await timeline.deliveriesOf(tenant, EVENT ?? '')).toEqual([])
  }
})
