import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Timeline } from '@app/webhooks'
import { z } from 'zod'
import { sql } from '../support/database.ts'
import { githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const SECRET = 'a secret'
const REPLAY = '01a20b6b-0000-7000-8000-000000000001'
const NEWS = '01a20b6b-0000-7000-8000-000000000002'
const DESTINATION = '01a20b6b-0000-7000-8000-000000000003'
const DELIVERY = '01a20b6b-0000-7000-8000-000000000004'
let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let event: string

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
  const hook = await a.github(project, SECRET)
  const { body } = await platform.call('POST', hook.path, {
    key: null,
    body: 'hello',
    headers: { 'x-hub-signature-256': githubSignature(SECRET, 'hello'), 'x-github-event': 'push' },
  })
  event = String(body.event_id)
})
afterAll(() => platform.stop())

const get = (key?: string) =>
  platform.call<Record<string, any>>('GET', `/v1/projects/${project}/events/${event}`, key ? { key } : {})
/** Seconds after it came. */
const after = (seconds: number) =>
  `(SELECT created_at FROM integration_events WHERE id = '${event}') + ${seconds} * interval '1 second'`

test('an event that has only come: received, and by what it was believed', async () => {
  const { status, body } = await get()
  expect([status, body.attempts_log, body.deliveries, body.outgoing]).toEqual([200, [], [], []])
  expect(body.timeline).toEqual([
    { at: body.created_at, what: 'received', source_ip: '127.0.0.1', size: 5 },
    {
      ...{ at: body.created_at, what: 'verified', trust: 'body_signed' },
      ...{ scheme: expect.stringContaining('SHA256'), scheme_ar: expect.stringMatching(/[\u0600-\u06ff]/) },
    },
  ])
})

test('its whole story in the order in which it happened, as the document describes it', async () => {
  const reader = await a.key(project, { scopes: ['read', 'bodies:read'] })
  const { url } = platform.database
  await sql(
    url,
    `INSERT INTO event_replays (id, project_id, requested_by, reason, until_event_id) VALUES ($1, $2, 'key_7', 'ticket 12', $3)`,
    [REPLAY, project, event],
  )
  await sql(
    url,
    `INSERT INTO event_attempts (event_id, project_id, kind, attempt, code, replay_id, duration_ms, at) VALUES
       ($1, $2, 'failed', 1, 'connector_failed', NULL, 7, ${after(1)}),
       ($1, $2, 'failed', 2, 'worker_lost', NULL, NULL, ${after(2)}),
       ($1, $2, 'replayed', 0, NULL, $3, NULL, ${after(3)})`,
    [event, project, REPLAY],
  )
  await sql(
    url,
    `UPDATE integration_events SET status = 'completed', retry_count = 1, replay_id = $2, processing_duration_ms = 12,
       processed_at = ${after(4)} WHERE id = $1`,
    [event, REPLAY],
  )
  await sql(
    url,
    `INSERT INTO outgoing_events (id, project_id, environment, event_id, type, subject, occurred_at, recorded_at, data)
     VALUES ($1, $2, 'dev', $3, 'code.pushed', 'acme/shop', now(), ${after(5)}, '{}')`,
    [NEWS, project, event],
  )
  const at = new Date(Date.parse((await get()).body.created_at as string) + 6_000)
  const tried = { outcome: 'http_500', attempt: 1, response_status: 500, duration_ms: 3 }
  platform.app.get(Timeline).add((tenant, id) => {
    const theirs = { at, delivery_id: DELIVERY, destination_id: DESTINATION, ...tried }
    return Promise.resolve(
      tenant.projectId === project && id === event ? [{ what: 'delivery_tried', ...theirs }] : [],
    )
  })
  const summary = {
    destination_id: DESTINATION,
    name: 'shop',
    attempts: 1,
    last_outcome: 'http_500',
    last_attempt_at: at,
  }
  platform.app
    .get(Timeline)
    .addDeliveries(() =>
      Promise.resolve([{ ...summary, delivered: 0, waiting: 1, dead_letter: 0, cancelled: 0 }]),
    )
  await platform.call('GET', `/v1/projects/${project}/events/${event}/body?reason=to look`, { key: reader })

  const { body } = await get()
  expect(body).toMatchObject({ id: event, status: 'completed', attempts: 1 })
  expect(body.attempts_log).toMatchObject([
    { attempt: 1, outcome: 'failed', code: 'connector_failed', duration_ms: 7, replay_id: null },
    { attempt: 2, outcome: 'failed', code: 'worker_lost', duration_ms: null, replay_id: null },
    { attempt: 1, outcome: 'completed', code: null, duration_ms: 12, replay_id: REPLAY },
  ])
  expect(body.outgoing).toMatchObject([{ id: NEWS, type: 'code.pushed', subject: 'acme/shop' }])
  expect(body.deliveries).toMatchObject([
    { destination_id: DESTINATION, waiting: 1, last_outcome: 'http_500' },
  ])
  const told = body.timeline.filter(({ what }: { what: string }) => what !== 'body_read')
  expect(told).toMatchObject([
    { what: 'received' },
    { what: 'verified' },
    { what: 'attempt_failed', attempt: 1, code: 'connector_failed' },
    { what: 'attempt_failed', attempt: 2, code: 'worker_lost' },
    { what: 'replayed', replay_id: REPLAY, by: 'key_7', reason: 'ticket 12' },
    { what: 'processed', attempt: 1, duration_ms: 12, replay_id: REPLAY },
    { what: 'outgoing_event', outgoing_event_id: NEWS, type: 'code.pushed' },
    { what: 'delivery_tried', delivery_id: DELIVERY, outcome: 'http_500' },
  ])
  expect(body.timeline).toContainEqual(
    expect.objectContaining({
      what: 'body_read',
      by: reader.split('_')[2],
      reason: 'to look',
      outcome: 'granted',
    }),
  )
  const times = body.timeline.map(({ at }: { at: string }) => at)
  expect(times).toEqual([...times].sort())

  const document = (await platform.call<any>('GET', '/openapi.json', { key: null })).body
  const operation = document.paths['/v1/projects/{p}/events/{id}'].get
  const schema = z.fromJSONSchema(operation.responses['200'].content['application/json'].schema)
  expect(schema.safeParse(body).error).toBeUndefined()
  expect(schema.safeParse({ ...body, timeline: [{ at: body.created_at, what: 'surprise' }] }).success).toBe(
    false,
  )
})

test('a list stays light', async () => {
  const { body } = await platform.call<Record<string, any>>('GET', `/v1/projects/${project}/events`)
  expect(Object.keys(body.data[0])).not.toEqual(expect.arrayContaining(['timeline']))
})

test('a dead letter says when it was given up', async () => {
  await sql(
    platform.database.url,
    "UPDATE integration_events SET status = 'dead_letter', error_message = 'worker_lost', processed_at = NULL WHERE id = $1",
    [event],
  )
  const { body } = await get()
  const ended = body.timeline.find(({ what }: { what: string }) => what === 'gave_up')
  const failed = body.timeline[body.timeline.indexOf(ended) - 1]
  expect([failed, ended]).toMatchObject([
    { what: 'attempt_failed', attempt: 2 },
    { what: 'gave_up', code: 'worker_lost' },
  ])
  expect(ended.at).toBe(failed.at)
})

test('a key of the environment does not learn who replayed the events of all', async () => {
  const { body } = await get(await a.key(project, { environment: 'dev' }))
  expect(body.timeline).toContainEqual(
    expect.objectContaining({ what: 'replayed', replay_id: REPLAY, by: null, reason: null }),
  )
  expect((await get(await a.key(project, { environment: 'prod' }))).status).toBe(404)
})
