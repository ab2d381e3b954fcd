import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { makers, TAP_CHARGE, TAP_HASH } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
})
afterAll(() => platform.stop())

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

test('project settings: shorter retention only, residency as DATA_COUNTRY tells', async () => {
  const refused = await platform.call<Record<string, unknown>>('PATCH', `/v1/projects/${project}`, {
    body: { retention: { bodies: 'P30D' } },
  })
  expect(refused.body).toMatchObject({ status: 422, errors: [{ pointer: '/retention/bodies' }] })
  const residency = await platform.call('PATCH', `/v1/projects/${project}`, {
    body: { data_residency: ['SA'] },
  })
  expect([residency.status, residency.body.code]).toEqual([422, 'residency_unmet'])
  const changed = await platform.call('PATCH', `/v1/projects/${project}`, {
    body: { retention: { bodies: 'PT1H' }, country: 'SA' },
  })
  expect(changed.body).toMatchObject({ retention: { bodies: 'PT1H' }, country: 'SA' })
})

test('a project that is forgotten takes its events and body keys with it', async () => {
  const doomed = await a.project()
  const connected = await a.connection(doomed)
  const answer = await platform.call('POST', connected.path, {
    key: null,
    body: TAP_CHARGE,
    headers: { hashstring: TAP_HASH },
  })
  expect(answer.status).toBe(200)
  expect((await platform.call('DELETE', `/v1/projects/${doomed}`)).status).toBe(204)
  expect((await get(`/v1/projects/${doomed}`)).status).toBe(404)
  expect(await sql(platform.database.url, 'SELECT FROM body_keys WHERE project_id = $1', [doomed])).toEqual(
    [],
  )
})

test('with it go its keys, its addresses and every row but the audit; others stay', async () => {
  const [doomed, spared] = [await a.project(), await a.project()]
  const [gone, kept] = [await a.connection(doomed), await a.connection(spared)]
  const key = await a.key(doomed)
  const send = (path: string) =>
    platform.call('POST', path, { key: null, body: TAP_CHARGE, headers: { hashstring: TAP_HASH } })
  expect([(await send(gone.path)).status, (await send(kept.path)).status]).toEqual([200, 200])
  await platform.call('POST', gone.path, { key: null, body: 'unsigned' })
  expect((await get(`/v1/projects/${doomed}`, key)).status).toBe(200)
  expect((await platform.call('DELETE', `/v1/projects/${doomed}`)).status).toBe(204)
  const becomes = async (question: () => Promise<{ status: number }>, status: number): Promise<number> => {
    const deadline = Date.now() + 5_000
    let found = 0
    while (found !== status && Date.now() < deadline) found = (await question()).status
    return found
  }
  expect(await becomes(() => send(gone.path), 404)).toBe(404)
  expect(await becomes(() => get(`/v1/projects/${doomed}`, key), 401)).toBe(401)
  const tables = await sql<{ name: string }>(
    platform.database.url,
    `SELECT table_name AS name FROM information_schema.columns
     WHERE column_name = 'project_id' AND table_schema = 'public'
       AND table_name NOT IN ('audit_log', 'webhook_access_logs')`,
  )
  expect(tables.length).toBeGreaterThan(5)
  for (const { name } of tables) {
    expect([
      name,
      await sql(platform.database.url, `SELECT FROM ${name} WHERE project_id = $1`, [doomed]),
    ]).toEqual([name, []])
  }
  expect((await send(kept.path)).body).toMatchObject({ duplicate: true })
})

test.each<[string, object, number, string | null]>([
  ['an origin', { return_origins: ['https://shop.example', 'http://localhost:3000'] }, 200, null],
  ['an origin with a path', { return_origins: ['https://shop.example/'] }, 422, '/return_origins/0'],
  ['plain http', { return_origins: ['http://shop.example'] }, 422, '/return_origins/0'],
  ['a user', { return_origins: ['https://me@shop.example'] }, 422, '/return_origins/0'],
  ['a star', { return_origins: ['https://*.shop.example'] }, 422, '/return_origins/0'],
  ['a script', { return_origins: ['javascript:alert(1)'] }, 422, '/return_origins/0'],
  ['a routing', { routing: { prefer: ['tap_payments'], exclude: ['paypal'] } }, 200, null],
  ['an unknown part of a routing', { routing: { weight: 1 } }, 422, '/routing/weight'],
  ['a retention of nothing', { retention: { bodies: 'PT0S' } }, 422, '/retention/bodies'],
  ['a retention in words', { retention: { bodies: 'a day' } }, 422, '/retention/bodies'],
  ['another retention of the audit', { retention: { audit: 'P12M' } }, 422, '/retention/audit'],
  ['every retention, shorter', { retention: { api_logs: 'P1D', events: 'P30D', metrics: 'P1M' } }, 200, null],
  ['a longer one', { retention: { api_logs: 'P15D' } }, 422, '/retention/api_logs'],
])('settings with %s', async (_, body, status, pointer) => {
  const answer = await platform.call<any>('PATCH', `/v1/projects/${project}`, { body })
  expect(answer.status).toBe(status)
  if (pointer === null) expect(answer.body).toMatchObject(body)
  else expect(answer.body.errors).toMatchObject([{ pointer }])
})
