import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { schedules, Tasks } from '@app/jobs'
import { plainNews, ProcessEvents } from '@app/webhooks'
import { eventually } from '../support/child.ts'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { Pushes } from '../support/pushes.ts'
import { told, upstairs, UpstairsModule } from '../support/upstairs.ts'

// Envelopes that one process seals, the other must open.
const KEYS = { ENCRYPTION_KEYS: `shared:${Buffer.alloc(32, 7).toString('base64')}` }
let platform: TestPlatform
let project: string
let pushes: Pushes
beforeAll(async () => {
  platform = await startPlatform({ ROLES: 'api,worker', ...KEYS }, undefined, undefined, [UpstairsModule])
  project = await makers(platform).project()
  pushes = await Pushes.to(platform, project)
})
afterEach(() => {
  upstairs.react = told
})
afterAll(() => platform.stop())

const ask = <T extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> =>
  sql<T>(platform.database.url, text, values)
const traces = async (id: string): Promise<Record<string, number>> => {
  const [row] = await ask<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM outgoing_events WHERE event_id = $1) AS outgoing,
            (SELECT count(*)::int FROM event_references WHERE event_id = $1) AS "references",
            (SELECT count(*)::int FROM event_attempts WHERE event_id = $1) AS notes`,
    [id],
  )
  return row ?? {}
}

test('an attempt is counted, and the row leased, before anybody handles it', async () => {
  const seen: unknown[] = []
  upstairs.react = async (unit, fact) => {
    // From outside the transaction: what a crash in this moment would leave.
    seen.push(
      ...(await ask(
        'SELECT status::text, retry_count, lease_until > now() AS leased FROM integration_events WHERE id = $1',
        [fact.origin.eventId],
      )),
    )
    return told(unit, fact)
  }
  const id = await pushes.deliver()
  expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed', retry_count: 1 })
  expect(seen).toEqual([{ status: 'processing', retry_count: 1, leased: true }])
})

test('a room that throws: nothing of it is kept, it is tried again by the schedule, and is a dead letter after nine', async () => {
  let calls = 0
  upstairs.react = async (unit, fact) => {
    calls++
    await unit.query("UPDATE projects SET name = 'changed by a room' WHERE id = $1", [project])
    if (calls <= 9) throw new Error('not now')
    return { news: [plainNews(fact)] }
  }
  const id = await pushes.deliver()
  for (const [n, step] of schedules.usual.entries()) {
    const { retry_count, error_message, next_retry_at, updated_at } = await pushes.until(id, 'retrying')
    expect([retry_count, error_message]).toEqual([n + 1, 'facts_refused'])
    const delay = (next_retry_at.getTime() - updated_at.getTime()) / 1_000
    expect(delay).toBeGreaterThan(step * 0.8 - 1)
    expect(delay).toBeLessThan(step * 1.2 + 1)
    expect(await traces(id)).toEqual({ outgoing: 0, references: 0, notes: n + 1 })
    await ask('UPDATE integration_events SET next_retry_at = now() WHERE id = $1', [id])
    platform.app.get(ProcessEvents).wake()
    await eventually(
      () => Promise.resolve(calls),
      (count) => count === n + 2,
      5_000,
    )
  }
  expect(await pushes.until(id, 'dead_letter')).toMatchObject({
    status: 'dead_letter',
    retry_count: 9,
    next_retry_at: null,
    lease_until: null,
  })
  expect(calls).toBe(9)
  expect(await traces(id)).toEqual({ outgoing: 0, references: 0, notes: 9 })
  expect(await ask('SELECT name FROM projects WHERE id = $1', [project])).toEqual([{ name: 'Shop' }])
  // It is kept, and can be replayed once the room can.
  const again = await platform.call('POST', `/v1/projects/${project}/events/${id}/replay`, { body: {} })
  expect(again.status).toBe(202)
  expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed', retry_count: 1 })
  expect(await traces(id)).toMatchObject({ outgoing: 1 })
}, 60_000)

test('what the database refuses for what is in it is a dead letter at once', async () => {
  upstairs.react = async (unit, fact) => {
    await unit.query('SELECT 1 / 0')
    return told(unit, fact)
  }
  const id = await pushes.deliver()
  expect(await pushes.until(id, 'dead_letter')).toMatchObject({ status: 'dead_letter', retry_count: 1 })
})

test('what a suspended connection is sent is kept, waits, and is processed once it is resumed; one bad event of a hundred sinks nobody', async () => {
  upstairs.react = async (unit, fact) => {
    if (fact.observation.ref === 'acme/bad') throw new Error('not this one')
    return told(unit, fact)
  }
  const held = await Pushes.to(platform, project)
  await held.become('suspended')
  const ids = await Promise.all(
    Array.from({ length: 100 }, (_, n) => held.deliver(n === 41 ? 'acme/bad' : 'acme/good')),
  )
  // Others go on meanwhile, and the worker has looked more than once.
  for (let n = 0; n < 3; n++) {
    const other = await pushes.deliver()
    expect(await pushes.until(other, 'completed')).toMatchObject({ status: 'completed' })
  }
  const states = (): Promise<{ status: string; attempts: number; n: number }[]> =>
    ask(
      `SELECT status::text, retry_count AS attempts, count(*)::int AS n FROM integration_events WHERE id = ANY ($1)
       GROUP BY 1, 2 ORDER BY 1`,
      [ids],
    )
  expect(await states()).toEqual([{ status: 'pending', attempts: 0, n: 100 }])
  await held.become('connected')
  const { answer } = await eventually(
    states,
    ([first]) => first?.status === 'completed' && first.n === 99,
    10_000,
  )
  expect(answer).toEqual([
    { status: 'completed', attempts: 1, n: 99 },
    { status: 'retrying', attempts: 1, n: 1 },
  ])
  const [row] = await ask<{ n: number; events: number }>(
    'SELECT count(*)::int AS n, count(DISTINCT event_id)::int AS events FROM outgoing_events WHERE event_id = ANY ($1)',
    [ids],
  )
  expect(row).toEqual({ n: 99, events: 99 })
}, 60_000)

test('a room that never comes back costs its own event an attempt, and nobody else anything', async () => {
  upstairs.react = async (unit, fact) =>
    fact.observation.ref === 'acme/hung' ? new Promise(() => undefined) : told(unit, fact)
  const hung = await pushes.deliver('acme/hung')
  const others = await Promise.all(Array.from({ length: 20 }, () => pushes.deliver()))
  expect(await pushes.until(hung, 'retrying', 25_000)).toMatchObject({
    retry_count: 1,
    error_message: 'handler_timeout',
  })
  for (const id of others) {
    expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed', retry_count: 1 })
    expect(await traces(id)).toMatchObject({ outgoing: 1, notes: 0 })
  }
}, 60_000)

test('two workers on one database: each event has one outcome and one effect', async () => {
  const calls = new Map<string, number>()
  upstairs.react = (unit, fact) => {
    const { eventId } = fact.origin
    calls.set(eventId, (calls.get(eventId) ?? 0) + 1)
    return told(unit, fact)
  }
  const held = await Pushes.to(platform, project)
  await held.become('suspended')
  const ids = await Promise.all(Array.from({ length: 300 }, () => held.deliver()))
  const beside = { ROLES: 'worker', BODY_STORE_URL: `file://${platform.dataDir}/bodies`, ...KEYS }
  const other = await startPlatform(beside, undefined, platform.database, [UpstairsModule])
  try {
    await held.become('connected')
    const left = async (): Promise<number> => {
      const [row] = await ask<{ n: number }>(
        "SELECT count(*)::int AS n FROM integration_events WHERE id = ANY ($1) AND status <> 'completed'",
        [ids],
      )
      return row?.n ?? -1
    }
    expect((await eventually(left, (n) => n === 0, 20_000)).answer).toBe(0)
  } finally {
    await other.stop()
  }
  // Events of the tests before may come again meanwhile: these three hundred are what is asked about.
  expect(ids.map((id) => calls.get(id))).toEqual(ids.map(() => 1))
  const [row] = await ask<{ n: number }>(
    'SELECT count(*)::int AS n FROM outgoing_events WHERE event_id = ANY ($1)',
    [ids],
  )
  expect(row?.n).toBe(300)
}, 60_000)

test('what a dead worker left is taken up again, and what the dead one says late is not heard', async () => {
  const id = await pushes.deliver()
  await pushes.until(id, 'completed')
  // As a process that was killed leaves it.
  await ask(
    `UPDATE integration_events SET status = 'processing', lease_token = lease_token + 1, lease_until = now() - interval '1 second'
     WHERE id = $1`,
    [id],
  )
  const [dead] = await ask<{ token: string }>(
    'SELECT lease_token AS token FROM integration_events WHERE id = $1',
    [id],
  )
  expect(await platform.app.get(Tasks).run('event-rescue')).toMatchObject({ again: 1, dead_letter: 0 })
  const late = await ask(
    `UPDATE integration_events SET status = 'dead_letter' WHERE id = $1 AND lease_token = $2 AND status = 'processing' RETURNING id`,
    [id, dead?.token],
  )
  expect(late).toEqual([])
  expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed' })
  expect(await traces(id)).toMatchObject({ outgoing: 1 })
})
