import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import type { Tasks } from '@app/jobs'
import { Scene } from '../testing/scene.ts'
import { DeliveryRetention } from './delivery-retention.ts'

const folder = mkdtempSync(join(tmpdir(), 'wasl-delivery-retention-'))
const never = new AbortController().signal
let scene: Scene
let retention: DeliveryRetention
beforeAll(async () => {
  scene = await Scene.open()
  retention = new DeliveryRetention(
    undefined as unknown as Tasks,
    scene.database,
    Settings.read({ DATA_DIR: folder, RETENTION_EVENTS: 'P60D' }),
  )
})
afterEach(() => scene.clear())
afterAll(async () => {
  await scene.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Some id of that day. */
const idOf = (days: number, n: number): string => {
  const time = Math.floor(Date.now() - days * 86_400_000)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`
}
let made = 0
async function delivered(
  destination: string,
  days: number,
  status: string,
  project = scene.project,
): Promise<string> {
  const [event, delivery] = [idOf(days, ++made), idOf(days, ++made)]
  await scene.database.query(
    `INSERT INTO outgoing_events (id, project_id, environment, type, subject, occurred_at, recorded_at, data)
     VALUES ($1, $2, 'dev', 'code.pushed', 's', now(), now() - make_interval(days => $3), '{}')`,
    [event, project, days],
  )
  await scene.database.query(
    `INSERT INTO destination_deliveries (id, project_id, environment, destination_id, outgoing_event_id, status, created_at)
     VALUES ($1, $2, 'dev', $3, $4, $5, now() - make_interval(days => $6))`,
    [delivery, project, destination, event, status, days],
  )
  await scene.database.query(
    "INSERT INTO delivery_attempts (delivery_id, project_id, attempt, outcome, duration_ms) VALUES ($1, $2, 1, 'x', 1)",
    [delivery, project],
  )
  return delivery
}
const counts = async (): Promise<number[]> => {
  const tables = ['destination_deliveries', 'delivery_attempts', 'outgoing_events', 'destinations']
  const rows = await scene.database.query<{ n: number }>(
    tables.map((table) => `SELECT count(*)::int AS n FROM ${table}`).join(' UNION ALL '),
  )
  return rows.map(({ n }) => n)
}

test('what has ended goes with its attempts and then its event; what is on its way stays with it', async () => {
  const destination = await scene.destination()
  for (const status of ['delivered', 'dead_letter', 'cancelled', 'pending', 'retrying', 'processing'])
    for (const days of [59, 61]) await delivered(destination, days, status)
  expect(await retention.removeOld(never)).toEqual({ removed: 3, events: 3, destinations: 0 })
  expect(await counts()).toEqual([9, 9, 9, 1])
  expect(await retention.removeOld(never)).toEqual({ removed: 0, events: 0, destinations: 0 })
})

test('an event that was sent again stays for it', async () => {
  const destination = await scene.destination()
  const old = await delivered(destination, 61, 'delivered')
  await scene.database.query(
    `INSERT INTO destination_deliveries (id, project_id, environment, destination_id, outgoing_event_id, replay_id, status)
     SELECT $2, project_id, environment, destination_id, outgoing_event_id, $2, 'delivered' FROM destination_deliveries WHERE id = $1`,
    [old, idOf(0, ++made)],
  )
  expect(await retention.removeOld(never)).toEqual({ removed: 1, events: 0, destinations: 0 })
})

test('what waits for a destination that is disabled or deleted does not wait for ever, and nor does that', async () => {
  const [disabled, deleted, recent] = [
    await scene.destination({ id: idOf(70, ++made), status: 'disabled' }),
    await scene.destination({ id: idOf(70, ++made), status: 'deleted' }),
    await scene.destination({ id: idOf(70, ++made), status: 'deleted' }),
  ]
  for (const destination of [disabled, deleted]) await delivered(destination, 61, 'retrying')
  await scene.database.query('ALTER TABLE destinations DISABLE TRIGGER touch_updated_at')
  await scene.database.query(
    "UPDATE destinations SET updated_at = now() - interval '61 days' WHERE id <> $1",
    [recent],
  )
  await scene.database.query('ALTER TABLE destinations ENABLE TRIGGER touch_updated_at')
  expect(await retention.removeOld(never)).toEqual({ removed: 2, events: 2, destinations: 1 })
  expect(await counts()).toEqual([0, 0, 0, 2])
})

test('a project may be stricter, and never laxer', async () => {
  const [strict, lax] = [await scene.addProject(), await scene.addProject()]
  for (const [project, wish] of [
    [strict, 'P7D'],
    [lax, 'P300D'],
  ])
    await scene.database.query('INSERT INTO project_settings (project_id, retention) VALUES ($1, $2)', [
      project,
      { events: wish },
    ])
  for (const project of [strict, lax, scene.project]) {
    const destination = await scene.destination({ project })
    for (const days of [6, 8, 61]) await delivered(destination, days, 'delivered', project)
  }
  expect(await retention.removeOld(never)).toEqual({ removed: 4, events: 4, destinations: 0 })
  expect(await counts()).toEqual([5, 5, 5, 3])
})
