import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { type Connected, githubSignature, makers, TAP_CHARGE, TAP_HASH } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const SECRET = 'a secret'
let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let hook: Connected
const ids: Record<string, string> = {}

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
  hook = await a.github(project, SECRET)
  for (const name of ['push', 'issues', 'star']) ids[name] = await delivered(name)
  const tap = await a.connection(project)
  const { body } = await platform.call('POST', tap.path, {
    key: null,
    body: TAP_CHARGE,
    headers: { hashstring: TAP_HASH },
  })
  ids.charge = String(body.event_id)
  // Of long ago: its id tells so too.
  const time = Date.parse('2026-01-01T12:00:00Z').toString(16).padStart(12, '0')
  const old = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
  await sql(
    platform.database.url,
    "UPDATE integration_events SET id = $2, status = 'dead_letter', created_at = '2026-01-01T12:00:00Z' WHERE id = $1",
    [ids.issues, old],
  )
  ids.issues = old
})
afterAll(() => platform.stop())

async function delivered(name: string): Promise<string> {
  const body = JSON.stringify({ name })
  const answer = await platform.call('POST', hook.path, {
    key: null,
    body,
    headers: {
      'x-hub-signature-256': githubSignature(SECRET, body),
      'x-github-delivery': `id-of-${name}`,
      'x-github-event': name,
    },
  })
  return String(answer.body.event_id)
}

describe('the list of events', () => {
  test.each<[string, () => string, string[]]>([
    ['all, newest first', () => '', ['charge', 'star', 'push', 'issues']],
    ['by connection', () => `connection_id=${hook.id}`, ['star', 'push', 'issues']],
    ['by provider', () => 'provider=tap_payments', ['charge']],
    ['by a provider nobody knows', () => 'provider=nobody', []],
    ['by type', () => 'type=star', ['star']],
    ['by status', () => 'status=dead_letter', ['issues']],
    ['from', () => 'from=2026-02-01T00:00:00Z', ['charge', 'star', 'push']],
    ['to', () => 'to=2026-02-01T00:00:00%2B03:00', ['issues']],
    [
      'from, which counts, to, which does not',
      () => 'from=2026-01-01T12:00:00Z&to=2026-01-01T12:00:01Z',
      ['issues'],
    ],
    [
      'from a year that few calendars have',
      () => 'from=0000-01-01T00:00:00Z&provider=tap_payments',
      ['charge'],
    ],
    ['to the moment', () => 'to=2026-01-01T12:00:00Z', []],
    ['by the provider’s id', () => 'q=id-of-push', ['push']],
    ['by a part of it', () => 'q=id-of-pus', []],
    ['by our id', () => `q=${ids.push}`, ['push']],
    ['by our id, in capitals', () => `q=${ids.push?.toUpperCase()}`, ['push']],
    ['by one of our types, before it was processed', () => 'type=code.pushed', []],
    ['by several', () => 'provider=github&status=pending&type=push', ['push']],
  ])('%s', async (_, query, names) => {
    const { body } = await platform.call<{ data: { id: string }[] }>(
      'GET',
      `/v1/projects/${project}/events?${query()}`,
    )
    expect(body.data.map(({ id }) => id)).toEqual(names.map((name) => ids[name]))
  })
})

test('a try to read a body without the scope leaves a row too', async () => {
  const key = await a.key(project, { scopes: ['read'] })
  const path = `/v1/projects/${project}/events/${ids.star}`
  expect((await platform.call('GET', `${path}/body?reason=curious`, { key })).status).toBe(403)
  const log = () => platform.call<{ data: unknown[] }>('GET', `${path}/access-log`)
  for (let i = 0; i < 100 && (await log()).body.data.length === 0; i++);
  expect((await log()).body.data).toMatchObject([
    { accessed_by: key.split('_')[2], access_reason: 'curious', outcome: 'denied', ip_address: '127.0.0.1' },
  ])
})

test('held while suspended: stored and pending; taken up again it is as before', async () => {
  const set = (status: string) =>
    platform.call('PATCH', `/v1/projects/${project}/connections/${hook.id}`, { body: { status } })
  expect((await set('suspended')).body.status).toBe('suspended')
  const { body } = await platform.call('GET', `/v1/projects/${project}/events/${await delivered('fork')}`)
  expect(body.status).toBe('pending')
  expect((await set('connected')).body.status).toBe('connected')
})

test('an address that was replaced is nobody after its day', async () => {
  const other = await a.github(project, SECRET)
  await platform.call('POST', `/v1/projects/${project}/connections/${other.id}/webhook/rotate`)
  const [row] = await sql<{ hours: number }>(
    platform.database.url,
    `UPDATE webhook_addresses SET retires_at = now() WHERE connection_id = $1 AND retires_at IS NOT NULL
     RETURNING (SELECT round(extract(epoch FROM w.retires_at - now()) / 3600)::int FROM webhook_addresses w
       WHERE w.key_hash = webhook_addresses.key_hash) AS hours`,
    [other.id],
  )
  expect(row?.hours).toBe(24)
  const answer = await platform.call('POST', other.path, {
    key: null,
    body: 'x',
    headers: { 'x-hub-signature-256': githubSignature(SECRET, 'x') },
  })
  expect(answer.status).toBe(404)
})
