import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Taken, WorkQueue } from '@app/jobs'
import type { Outcome } from '../channel/channel.ts'
import type { Delivery } from '../delivery/delivery.ts'
import { fanOut } from '../fan-out/fan-out.ts'
import { type Row, Scene } from '../testing/scene.ts'
import { deliveriesAsWork } from './deliveries-as-work.ts'
import { Outcomes } from './outcomes.ts'
import { NEVER_SENT } from './sending.ts'

let scene: Scene
let outcomes: Outcomes
let queue: WorkQueue<Delivery>
beforeAll(async () => {
  scene = await Scene.open()
})
beforeEach(() => {
  queue = new WorkQueue(scene.database, deliveriesAsWork)
  outcomes = new Outcomes(scene.database)
})
afterEach(async () => {
  await outcomes.onApplicationShutdown()
  await queue.close()
  await scene.clear()
})
afterAll(() => scene.close())

async function claimed(count: number, subject?: string): Promise<Taken<Delivery>[]> {
  const told: { id: string; replayId: null }[] = []
  for (let n = 0; n < count; n++)
    told.push({ id: await scene.event({ subject: subject ?? `${n}` }), replayId: null })
  await scene.database.transaction((unit) => fanOut(unit, told))
  return queue.claim({ most: 100, perLane: 100, not: [] })
}
const write = (row: Taken<Delivery>, outcome: Outcome, kind = 'http') =>
  outcomes.write(row, { kind, outcome, ms: 12 })
const well = { code: 'delivered', delivered: true, status: 200, excerpt: 'thanks' }
const ill = { code: 'http_500', delivered: false, status: 500, excerpt: 'oops' }
const attempts = () =>
  scene.database.query<Row>(
    'SELECT attempt, outcome, response_status, response_excerpt, duration_ms FROM delivery_attempts ORDER BY at, attempt',
  )
const standing = async (): Promise<Row> => {
  const [row] = await scene.database.query<Row>('SELECT * FROM destinations')
  return row ?? {}
}

test('a group is written together: ends, next turns, and a row a try', async () => {
  const destination = await scene.destination()
  const [one, two, three] = await claimed(3)
  expect(
    await Promise.all([
      write(one!, well),
      write(two!, { ...ill, retryAfter: 9 }),
      write(three!, { code: 'gone', delivered: false, permanent: true, status: 410 }),
    ]),
  ).toEqual(['delivered', 'retrying', 'dead_letter'])
  const rows = await scene.deliveries(destination)
  const byId = new Map(rows.map((row) => [row.id as string, row]))
  expect(byId.get(one!.id)).toMatchObject({
    ...{ status: 'delivered', error_message: null, next_retry_at: null, lease_until: null, retry_count: 1 },
    delivered_at: expect.any(Date),
  })
  expect(byId.get(two!.id)).toMatchObject({
    status: 'retrying',
    error_message: 'http_500',
    lease_until: null,
  })
  const wait = (byId.get(two!.id)?.next_retry_at as Date).getTime() - Date.now()
  expect(wait).toBeGreaterThan(6_000)
  expect(wait).toBeLessThan(9_500)
  expect(byId.get(three!.id)).toMatchObject({
    ...{ status: 'dead_letter', error_message: 'gone', next_retry_at: null, delivered_at: null },
  })
  expect(await attempts()).toEqual(
    expect.arrayContaining([
      { attempt: 1, outcome: 'delivered', response_status: 200, response_excerpt: 'thanks', duration_ms: 12 },
      { attempt: 1, outcome: 'http_500', response_status: 500, response_excerpt: 'oops', duration_ms: 12 },
      { attempt: 1, outcome: 'gone', response_status: 410, response_excerpt: null, duration_ms: 12 },
    ]),
  )
})

test('whoever lost the lease writes nothing, and says so', async () => {
  const destination = await scene.destination()
  const [slow, other] = await claimed(2)
  await scene.database.query(
    "UPDATE destination_deliveries SET status = 'retrying', lease_token = lease_token + 1 WHERE id = $1",
    [slow!.id],
  )
  const [again] = await queue.claim({ most: 1, perLane: 1, not: [] })
  expect(again!.id).toBe(slow!.id)
  expect(await Promise.all([write(slow!, ill), write(other!, well)])).toEqual(['lost', 'delivered'])
  expect((await scene.deliveries(destination))[0]).toMatchObject({ status: 'processing', retry_count: 2 })
  expect(await attempts()).toHaveLength(1)
  expect(await write(again!, well)).toBe('delivered')
  // The other one's failure was nobody's: the destination is well.
  expect((await standing()).failing_since).toBeNull()
})

test('since when it fails is noted once, and is over with the first success', async () => {
  await scene.destination()
  const [one, two, three, four] = await claimed(4)
  await write(one!, ill)
  const { failing_since: since } = await standing()
  expect(since).toBeInstanceOf(Date)
  await write(two!, ill)
  expect((await standing()).failing_since).toEqual(since)
  await write(three!, well)
  const { failing_since, last_success_at: success } = await standing()
  expect([failing_since, success]).toEqual([null, expect.any(Date)])
  // The row is not written for each success, or every delivery would wait for the one before.
  await write(four!, well)
  expect((await standing()).last_success_at).toEqual(success)
})

test('what was never sent says nothing about the destination', async () => {
  await scene.destination()
  const [one] = await claimed(1)
  expect(await write(one!, { code: 'event_gone', delivered: false, permanent: true }, NEVER_SENT)).toBe(
    'dead_letter',
  )
  expect(await standing()).toMatchObject({ failing_since: null, last_success_at: null })
})

test('what waits behind one that failed is due no sooner, and behind others as before', async () => {
  const destination = await scene.destination({ ordered: true })
  const [first] = await claimed(3, 'same')
  await claimed(1, 'other')
  await write(first!, ill)
  const [one, two, three, other] = await scene.deliveries(destination)
  expect(one).toMatchObject({ id: first!.id, status: 'retrying' })
  expect([two?.next_retry_at, three?.next_retry_at]).toEqual([one?.next_retry_at, one?.next_retry_at])
  expect(other?.next_retry_at).toBeNull()
})

test('a row that cannot be written sinks none of its neighbours', async () => {
  await scene.destination()
  const [bad, good] = await claimed(2)
  const written = await Promise.allSettled([write(bad!, { ...ill, status: 2 ** 40 }), write(good!, well)])
  expect(written.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
})

test('a database that is away for a moment loses no outcome', async () => {
  const destination = await scene.destination()
  const [one] = await claimed(1)
  await scene.database.query('ALTER TABLE delivery_attempts RENAME TO elsewhere')
  const written = write(one!, well)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await scene.database.query('ALTER TABLE elsewhere RENAME TO delivery_attempts')
  expect(await written).toBe('delivered')
  expect((await scene.deliveries(destination))[0]).toMatchObject({ status: 'delivered' })
})
