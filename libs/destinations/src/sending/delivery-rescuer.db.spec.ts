import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Tasks } from '@app/jobs'
import { type Row, Scene } from '../testing/scene.ts'
import { DeliveryRescuer } from './delivery-rescuer.ts'

let scene: Scene
let rescuer: DeliveryRescuer
const never = new AbortController().signal
beforeAll(async () => {
  scene = await Scene.open()
  rescuer = new DeliveryRescuer(undefined as unknown as Tasks, scene.database)
})
afterEach(() => scene.clear())
afterAll(() => scene.close())

interface Made {
  status?: string
  lease?: string | null
  attempts?: number
  count?: number
}
const make = (destination: string, { status = 'processing', lease = null, attempts = 1, count = 1 }: Made) =>
  scene.database.query(
    `INSERT INTO destination_deliveries (project_id, environment, destination_id, outgoing_event_id, status, lease_until, lease_token, retry_count)
     SELECT $1, 'dev', $2, gen_random_uuid(), $3, now() + $4::interval, 7, $5 FROM generate_series(1, $6::int)`,
    [scene.project, destination, status, lease, attempts, count],
  )
const statuses = async (destination: string): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { status } of await scene.deliveries(destination)) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

test('what a dead worker left is due again, under a new token, with the attempt counted and told', async () => {
  const destination = await scene.destination()
  await make(destination, { lease: '-1 second', attempts: 3 })
  expect(await rescuer.rescue(never)).toEqual({ again: 1, dead_letter: 0 })
  const [row] = await scene.deliveries(destination)
  expect(row).toMatchObject({
    ...{
      status: 'retrying',
      lease_until: null,
      lease_token: '8',
      retry_count: 3,
      error_message: 'worker_lost',
    },
  })
  expect((row?.next_retry_at as Date).getTime()).toBeLessThanOrEqual(Date.now() + 1_000)
  const tries = await scene.database.query<Row>('SELECT delivery_id, attempt, outcome FROM delivery_attempts')
  expect(tries).toEqual([{ delivery_id: row?.id, attempt: 3, outcome: 'worker_lost' }])
  expect(await rescuer.rescue(never)).toEqual({ again: 0, dead_letter: 0 })
})

test('after every attempt it is a dead letter', async () => {
  const destination = await scene.destination()
  await make(destination, { lease: '-1 second', attempts: 10 })
  await make(destination, { lease: '-1 second', attempts: 11 })
  expect(await rescuer.rescue(never)).toEqual({ again: 1, dead_letter: 1 })
  expect(await statuses(destination)).toEqual({ retrying: 1, dead_letter: 1 })
})

test('whoever still has a lease, or is not under work, is let be', async () => {
  const destination = await scene.destination()
  await make(destination, { lease: '30 seconds' })
  for (const status of ['pending', 'retrying', 'delivered', 'dead_letter', 'cancelled'])
    await make(destination, { status, lease: '-1 hour' })
  expect(await rescuer.rescue(never)).toEqual({ again: 0, dead_letter: 0 })
})

test('two rescuers at once: each delivery once, all of them', async () => {
  const destination = await scene.destination()
  await make(destination, { lease: '-1 second', count: 2_000 })
  const [one, two] = await Promise.all([rescuer.rescue(never), rescuer.rescue(never)])
  const rest = await rescuer.rescue(never)
  expect(one.again + two.again + rest.again).toBe(2_000)
  const tokens = new Set(
    (await scene.deliveries(destination)).map(({ lease_token }) => lease_token as string),
  )
  expect([...tokens]).toEqual(['8'])
})

test('what waits for a deleted destination is cancelled, however much; for others nothing is', async () => {
  const [gone, kept] = [
    await scene.destination({ status: 'deleted' }),
    await scene.destination({ status: 'disabled' }),
  ]
  for (const destination of [gone, kept]) {
    await make(destination, { status: 'pending', count: 2_500 })
    await make(destination, { status: 'retrying', count: 10 })
    await make(destination, { status: 'delivered' })
    await make(destination, { lease: '30 seconds' })
  }
  expect(await rescuer.cancel(never)).toBe(2_510)
  expect(await statuses(gone)).toEqual({ cancelled: 2_510, delivered: 1, processing: 1 })
  expect(await statuses(kept)).toEqual({ pending: 2_500, retrying: 10, delivered: 1, processing: 1 })
})
