import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { WorkQueue } from '@app/jobs'
import type { Delivery } from '../delivery/delivery.ts'
import { fanOut } from '../fan-out/fan-out.ts'
import { type DestinationFields, Scene } from '../testing/scene.ts'
import { deliveriesAsWork } from './deliveries-as-work.ts'

let scene: Scene
let queue: WorkQueue<Delivery>
beforeAll(async () => {
  scene = await Scene.open()
})
beforeEach(() => {
  queue = new WorkQueue(scene.database, deliveriesAsWork)
})
afterEach(async () => {
  await queue.close()
  await scene.clear()
})
afterAll(() => scene.close())

/** A destination for which events of these subjects wait. */
async function waiting(subjects: string[], fields: DestinationFields = {}): Promise<string> {
  const destination = await scene.destination(fields)
  await scene.database.query("UPDATE destinations SET status = 'disabled' WHERE id <> $1", [destination])
  const told: { id: string; replayId: null }[] = []
  for (const subject of subjects) told.push({ id: await scene.event({ subject }), replayId: null })
  await scene.database.transaction((unit) => fanOut(unit, told))
  await scene.database.query("UPDATE destinations SET status = 'enabled' WHERE id <> $1", [destination])
  return destination
}
const claim = (wanted: { most?: number; perLane?: number; not?: string[] } = {}) =>
  queue.claim({ most: 100, perLane: 16, not: [], ...wanted })
const end = (status: string, ids: string[], more = '') =>
  scene.database.query(`UPDATE destination_deliveries SET status = $1${more} WHERE id = ANY ($2)`, [
    status,
    ids,
  ])

test('a backlog behind one destination keeps nobody else waiting', async () => {
  const crowded = await waiting(Array.from({ length: 300 }, (_, n) => `${n}`))
  const [one, two] = [await waiting(['a']), await waiting(['a', 'b'])]
  const lanes = (await claim({ most: 12 })).map(({ lane }) => lane)
  expect(lanes).toHaveLength(7)
  expect(lanes.filter((lane) => lane === crowded)).toHaveLength(4)
  expect(lanes).toEqual(expect.arrayContaining([one, two, two]))
  // One that is full already is passed by, however much waits there.
  expect(await claim({ not: [crowded] })).toEqual([])
  expect(await claim({ perLane: 5 })).toHaveLength(5)
})

test('of one object, one after the other; objects do not wait for each other', async () => {
  const ordered = await waiting(['a', 'b', 'a', 'a', 'b', 'c'], { ordered: true })
  const order = (await scene.deliveries(ordered)).map(({ id }) => id as string)
  const at = (rows: { id: string }[]): number[] => rows.map(({ id }) => order.indexOf(id)).sort()
  expect(at(await claim())).toEqual([0, 1, 5])
  expect(await claim()).toEqual([])
  await end('delivered', [order[0]!])
  expect(at(await claim())).toEqual([2])
  // One that failed keeps its place.
  await end('retrying', [order[2]!], ", next_retry_at = now() + interval '1 hour'")
  expect(await claim()).toEqual([])
  await end('dead_letter', [order[2]!])
  await end('cancelled', [order[1]!])
  expect(at(await claim())).toEqual([3, 4])
})

test('without order, all at once', async () => {
  await waiting(['a', 'a', 'a'])
  expect(await claim()).toHaveLength(3)
})

test('what waits for a destination that is disabled is held, and goes when it is enabled', async () => {
  const destination = await waiting(['a', 'b'])
  await scene.database.query("UPDATE destinations SET status = 'disabled'")
  expect(await claim()).toEqual([])
  await scene.database.query("UPDATE destinations SET status = 'enabled'")
  expect((await claim()).map(({ lane, retry_count }) => [lane, retry_count])).toEqual([
    [destination, 1],
    [destination, 1],
  ])
})

test('whoever was lost once is sent as before, whoever was lost twice alone', async () => {
  await waiting(['a'])
  const lose = async (): Promise<void> => {
    await scene.database.query(
      `UPDATE destination_deliveries SET status = 'retrying', error_message = 'worker_lost', lease_token = lease_token + 1,
         next_retry_at = now()`,
    )
  }
  expect(await claim()).toHaveLength(1)
  await lose()
  expect(await queue.claimSuspect()).toBeUndefined()
  expect(await claim()).toHaveLength(1)
  await lose()
  expect(await claim()).toEqual([])
  await scene.database.query("UPDATE destinations SET status = 'disabled'")
  expect(await queue.claimSuspect()).toBeUndefined()
  await scene.database.query("UPDATE destinations SET status = 'enabled'")
  expect(await queue.claimSuspect()).toMatchObject({ retry_count: 3 })
})

test('what is given back has not been tried', async () => {
  const destination = await waiting(['a'])
  await queue.giveBack(await claim())
  expect((await scene.deliveries(destination))[0]).toMatchObject({ status: 'pending', retry_count: 0 })
  expect(await claim()).toMatchObject([{ retry_count: 1 }])
})
