import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { newId } from '@app/http'
import { type DestinationFields, type EventFields, Scene } from '../testing/scene.ts'
import { fanOut } from './fan-out.ts'

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterEach(() => scene.clear())
afterAll(() => scene.close())

const tell = (ids: string[], replayId: string | null = null): Promise<void> =>
  scene.database.transaction((unit) =>
    fanOut(
      unit,
      ids.map((id) => ({ id, replayId })),
    ),
  )

test.each<[string, DestinationFields, EventFields, boolean]>([
  ['all, of every environment', {}, {}, true],
  ['of its environment', { environment: 'dev' }, { environment: 'dev' }, true],
  ['of another environment', { environment: 'prod' }, { environment: 'dev' }, false],
  ['of its type', { types: ['code.pushed', 'payment.captured'] }, {}, true],
  ['of another type', { types: ['payment.captured'] }, {}, false],
  ['of its family', { types: ['payment.*'] }, { type: 'payment.capture_failed' }, true],
  ['of a family that begins alike', { types: ['code.*'] }, { type: 'cod.collected' }, false],
  ['of its provider', { providers: ['tabby', 'github'] }, { provider: 'github' }, true],
  ['of another provider', { providers: ['tabby'] }, { provider: 'github' }, false],
  ['of no provider, where some are named', { providers: ['tabby'] }, { provider: null }, false],
  ['of no provider, where none is named', {}, { provider: null }, true],
  ['of its type, not its provider', { types: ['code.*'], providers: ['tabby'] }, {}, false],
  ['while it is disabled', { status: 'disabled' }, {}, false],
  ['after it is deleted', { status: 'deleted' }, {}, false],
])('an event %s: %j hears of %j: %s', async (_, wanted, happened, hears) => {
  const destination = await scene.destination(wanted)
  const event = await scene.event(happened)
  await tell([event])
  const rows = await scene.deliveries(destination)
  expect(rows.map(({ outgoing_event_id: id }) => id)).toEqual(hears ? [event] : [])
})

test("another project's destination hears nothing, and each of one's own once", async () => {
  const other = await scene.destination({ project: await scene.addProject() })
  const own = [await scene.destination(), await scene.destination()]
  const event = await scene.event()
  await tell([event])
  await tell([event])
  for (const destination of own) expect(await scene.deliveries(destination)).toHaveLength(1)
  expect(await scene.deliveries(other)).toEqual([])
})

test('a replay tells once more, and once a replay', async () => {
  const destination = await scene.destination()
  const event = await scene.event()
  const replay = newId()
  for (const under of [null, replay, replay, newId()]) await tell([event], under)
  const rows = await scene.deliveries(destination)
  expect(rows.map(({ replay_id }) => replay_id).slice(0, 2)).toEqual([null, replay])
  expect(rows).toHaveLength(3)
})

test('in the order in which they are told, whatever their ids are; ids lie in the order of time', async () => {
  const destination = await scene.destination()
  const events: string[] = []
  for (let n = 0; n < 20; n++) events.push(await scene.event())
  events.reverse()
  await tell(events)
  const later = await scene.event()
  await tell([later])
  const rows = await scene.deliveries(destination)
  expect(rows.map(({ outgoing_event_id: id }) => id)).toEqual([...events, later])
  for (const { id, created_at } of rows) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe((created_at as Date).getTime())
  }
})

test('where order is wanted, the object is the key, and what waits behind a failed one is due with it', async () => {
  const ordered = await scene.destination({ ordered: true })
  const plain = await scene.destination()
  await tell([await scene.event({ subject: 'a' }), await scene.event({ subject: 'b' })])
  await scene.database.query(
    `UPDATE destination_deliveries SET status = 'retrying', next_retry_at = now() + interval '1 hour'
     WHERE destination_id = $1 AND order_key = 'a'`,
    [ordered],
  )
  await tell([await scene.event({ subject: 'a' }), await scene.event({ subject: 'b' })])
  const rows = await scene.deliveries(ordered)
  expect(rows.map(({ order_key }) => order_key)).toEqual(['a', 'b', 'a', 'b'])
  expect(rows[2]?.next_retry_at).toEqual(rows[0]?.next_retry_at)
  expect(rows[3]?.next_retry_at).toBeNull()
  expect((await scene.deliveries(plain)).map(({ order_key }) => order_key)).toEqual([null, null, null, null])
})

test('as a tenant too; and what its transaction undoes was never told', async () => {
  const everywhere = await scene.destination()
  const tenant = { projectId: scene.project, environment: 'dev' as const }
  await scene.database.asProject(tenant, async (unit) => {
    await fanOut(unit, [{ id: await scene.event({}, unit), replayId: null }])
  })
  expect(await scene.deliveries(everywhere)).toHaveLength(1)
  const undone = scene.database.asProject(tenant, async (unit) => {
    await fanOut(unit, [{ id: await scene.event({}, unit), replayId: null }])
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  expect(await scene.deliveries(everywhere)).toHaveLength(1)
})
