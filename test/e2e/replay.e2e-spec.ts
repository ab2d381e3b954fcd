import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/child.ts'
import { sql } from '../support/database.ts'
import { githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let project: string
let path: string
beforeAll(async () => {
  platform = await startPlatform({ ROLES: 'api,worker' })
  project = await makers(platform).project()
  path = (await makers(platform).github(project, 'shh')).path
})
afterAll(() => platform.stop())

const at = (rest: string): string => `/v1/projects/${project}${rest}`
const post = (rest: string, body: unknown = {}): ReturnType<typeof platform.call<any>> =>
  platform.call<any>('POST', at(rest), { body })
let delivered = 0
const deliver = async (repository = 'acme/shop'): Promise<string> => {
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: { full_name: repository } })
  const headers = {
    'x-hub-signature-256': githubSignature('shh', body),
    'x-github-event': 'push',
    'x-github-delivery': `d-${delivered++}`,
  }
  const answer = await platform.call<{ event_id: string }>('POST', path, { key: null, body, headers })
  await ended(answer.body.event_id)
  return answer.body.event_id
}
const ended = async (id: string): Promise<any> => {
  const question = (): Promise<any> => platform.call<any>('GET', at(`/events/${id}`))
  const { answer } = await eventually(question, ({ body }) => body.status === 'completed', 10_000)
  expect(answer.body.status).toBe('completed')
  return answer.body
}
const outgoing = (id: string): Promise<any[]> =>
  sql(platform.database.url, 'SELECT id, type FROM outgoing_events WHERE event_id = $1', [id])
const notes = (id: string): Promise<any[]> =>
  sql(platform.database.url, 'SELECT kind, replay_id FROM event_attempts WHERE event_id = $1', [id])

test('one event again: the same events of ours, not more; who asked and why is kept', async () => {
  const id = await deliver()
  const before = await outgoing(id)
  expect(before).toHaveLength(1)
  const again = await post(`/events/${id}/replay`, { reason: 'our consumer lost it' })
  expect([again.status, again.body]).toEqual([
    202,
    { event_id: id, replay_id: expect.any(String), replays: 'body' },
  ])
  await eventually(
    () =>
      sql(platform.database.url, "SELECT FROM integration_events WHERE id = $1 AND status = 'completed'", [
        id,
      ]),
    (rows) => rows.length === 1,
    10_000,
  )
  expect(await outgoing(id)).toEqual(before)
  expect(await notes(id)).toEqual([{ kind: 'replayed', replay_id: again.body.replay_id }])
  const shown = await platform.call<any>('GET', at(`/replays/${again.body.replay_id}`))
  expect(shown.body).toMatchObject({
    status: 'done',
    requested_by: 'admin',
    reason: 'our consumer lost it',
    replayed: 1,
  })
})

test('once the body is gone only what was made of it is told again; with nothing made of it, it is refused', async () => {
  const id = await deliver()
  await sql(
    platform.database.url,
    "UPDATE integration_events SET body_expires_at = now() - interval '1 second' WHERE id = $1",
    [id],
  )
  const again = await post(`/events/${id}/replay`)
  expect(again.body).toMatchObject({ replays: 'normalised_event' })
  await ended(id)
  await sql(platform.database.url, 'UPDATE integration_events SET data = NULL WHERE id = $1', [id])
  const refused = await post(`/events/${id}/replay`)
  expect([refused.status, refused.body.code]).toEqual([410, 'body_expired'])
})

test('by filter: a dry run counts and moves nothing; the replay takes each event once, at its pace, to its end', async () => {
  const ids = []
  for (let n = 0; n < 7; n++) ids.push(await deliver('acme/filtered'))
  const filter = { q: 'acme/filtered' }
  const dry = await post('/events/replay', { filter, dry_run: true })
  expect([dry.status, dry.body]).toEqual([
    202,
    expect.objectContaining({ id: null, dry_run: true, matched: 7, matched_at_least: false }),
  ])
  for (const id of ids) expect(await notes(id)).toEqual([])

  const { status, body } = await post('/events/replay', { filter, per_second: 5, reason: 'all of them' })
  expect([status, body]).toEqual([202, expect.objectContaining({ status: 'running', matched: 7 })])
  const { answer } = await eventually(
    () => platform.call<any>('GET', at(`/replays/${body.id}`)),
    (shown) => shown.body.status === 'done',
    15_000,
  )
  expect(answer.body).toMatchObject({ status: 'done', replayed: 7, finished_at: expect.any(String) })
  for (const id of ids) expect(await notes(id)).toEqual([{ kind: 'replayed', replay_id: body.id }])
})

test('a catalogue type and a time are filters as well; what comes later is not part of it', async () => {
  const id = await deliver('acme/typed')
  const [row] = await sql<{ at: Date }>(
    platform.database.url,
    'SELECT created_at AS at FROM integration_events WHERE id = $1',
    [id],
  )
  const from = row?.at.toISOString()
  const matched = async (filter: object): Promise<number> =>
    (await post('/events/replay', { filter, dry_run: true })).body.matched
  expect(await matched({ type: 'code.pushed', from })).toBe(1)
  expect(await matched({ type: 'push', from })).toBe(1)
  expect(await matched({ type: 'payment.captured', from })).toBe(0)
  expect(await matched({ type: 'code.pushed', to: from })).toBeGreaterThan(5)
})

test('asked twice with one key, it is asked once', async () => {
  const id = await deliver('acme/keyed')
  const ask = () =>
    platform.call<any>('POST', at('/events/replay'), {
      body: { filter: { q: 'acme/keyed' } },
      headers: { 'idempotency-key': 'k-1' },
    })
  const [first, second] = [await ask(), await ask()]
  expect(second.body.id).toBe(first.body.id)
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  await eventually(
    () => notes(id),
    (rows) => rows.length > 0,
    10_000,
  )
  expect(await notes(id)).toHaveLength(1)
})

test('cancelled, it stays where it is', async () => {
  for (let n = 0; n < 3; n++) await deliver('acme/cancelled')
  const { body } = await post('/events/replay', { filter: { q: 'acme/cancelled' }, per_second: 1 })
  const cancelled = await post(`/replays/${body.id}/cancel`)
  expect(cancelled.body).toMatchObject({ status: 'cancelled' })
  const [row] = await sql<{ n: number }>(
    platform.database.url,
    'SELECT count(*)::int AS n FROM event_attempts WHERE replay_id = $1',
    [body.id],
  )
  expect(row?.n).toBeLessThan(3)
})

test('another project, another environment: not there', async () => {
  const id = await deliver()
  const other = await makers(platform).project()
  const key = await makers(platform).key(other)
  const prod = await makers(platform).key(project, { environment: 'prod' })
  for (const stranger of [key, prod]) {
    for (const p of [project, other]) {
      const answer = await platform.call('POST', `/v1/projects/${p}/events/${id}/replay`, {
        key: stranger,
        body: {},
      })
      expect(answer.status).toBe(404)
    }
  }
  const none = await platform.call<any>('POST', at('/events/replay'), {
    key: prod,
    body: { filter: {}, dry_run: true },
  })
  expect(none.body).toMatchObject({ matched: 0 })
})
