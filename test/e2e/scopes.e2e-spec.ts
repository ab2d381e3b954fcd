import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

/** What each call needs; `platform`: the admin key alone. A new route is missing here until somebody decides. */
const NEEDED: Readonly<Record<string, string>> = {
  'GET /v1/providers': 'read',
  'GET /v1/providers/{provider}': 'read',
  'GET /v1/payment-providers': 'read',
  'POST /v1/projects': 'platform',
  'GET /v1/projects': 'read',
  'GET /v1/projects/{p}': 'read',
  'PATCH /v1/projects/{p}': 'admin',
  'DELETE /v1/projects/{p}': 'admin',
  'POST /v1/projects/{p}/keys': 'admin',
  'GET /v1/projects/{p}/keys': 'admin',
  'DELETE /v1/projects/{p}/keys/{key}': 'admin',
  'GET /v1/projects/{p}/connections': 'read',
  'POST /v1/projects/{p}/connections': 'connections:write',
  'GET /v1/projects/{p}/connections/{id}': 'read',
  'PATCH /v1/projects/{p}/connections/{id}': 'connections:write',
  'DELETE /v1/projects/{p}/connections/{id}': 'connections:write',
  'PUT /v1/projects/{p}/connections/{id}/credentials': 'connections:write',
  'POST /v1/projects/{p}/connections/{id}/verify': 'connections:write',
  'POST /v1/projects/{p}/connections/{id}/webhook/rotate': 'connections:write',
  'GET /v1/projects/{p}/connections/{id}/webhook': 'read',
  'POST /v1/projects/{p}/connections/{id}/webhook/check': 'connections:write',
  'POST /v1/projects/{p}/connections/{id}/webhook/mend': 'connections:write',
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [
      `${method} /v1/projects/{p}/connections/{id}/proxy/{path}`,
      'write',
    ]),
  ),
  'GET /v1/projects/{p}/events': 'read',
  'GET /v1/projects/{p}/events/{id}': 'read',
  'GET /v1/projects/{p}/events/{id}/body': 'bodies:read',
  'GET /v1/projects/{p}/events/{id}/access-log': 'read',
  'GET /v1/projects/{p}/quarantine': 'read',
  'GET /v1/projects/{p}/connections/{id}/health': 'read',
  'GET /v1/projects/{p}/api-logs': 'read',
  'GET /v1/projects/{p}/api-logs/{id}': 'read',
  'GET /v1/projects/{p}/metrics': 'read',
  'POST /v1/projects/{p}/quarantine/{id}/verify': 'write',
  'POST /v1/projects/{p}/events/{id}/replay': 'write',
  'POST /v1/projects/{p}/events/replay': 'write',
  'GET /v1/projects/{p}/replays': 'read',
  'GET /v1/projects/{p}/replays/{id}': 'read',
  'POST /v1/projects/{p}/replays/{id}/cancel': 'write',
  'POST /v1/projects/{p}/destinations': 'write',
  'GET /v1/projects/{p}/destinations': 'read',
  'GET /v1/projects/{p}/destinations/{id}': 'read',
  'PATCH /v1/projects/{p}/destinations/{id}': 'write',
  'DELETE /v1/projects/{p}/destinations/{id}': 'write',
  'POST /v1/projects/{p}/destinations/{id}/rotate-secret': 'write',
  'POST /v1/projects/{p}/destinations/{id}/test': 'write',
  'GET /v1/projects/{p}/deliveries': 'read',
  'GET /v1/projects/{p}/deliveries/{id}': 'read',
  'POST /v1/projects/{p}/deliveries/{id}/resend': 'write',
}
const SCOPES = ['read', 'bodies:read', 'connections:write', 'payments', 'write', 'admin']
const OPEN = ['GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /schemas/events/{type}/{major}']
const NOBODY = '01a20b6b-0000-7000-8000-000000000000'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
})
afterAll(() => platform.stop())

const ask = (route: string, key: string | null, of = project) => {
  const [method = '', pattern = ''] = route.split(' ')
  const path = pattern
    .replace('{p}', of)
    .replace('{id}', NOBODY)
    .replace('{key}', 'ffffffffffffffff')
    .replace('{provider}', 'github')
  const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: {} } : {}
  return platform.call(method, path, { key, ...body })
}
const routes = Object.keys(NEEDED)

test('every call of the document is in the table', async () => {
  const { body } = await platform.call<{ paths: Record<string, object> }>('GET', '/openapi.json')
  const documented = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const known = documented.filter((route) => !route.includes(' /webhooks/') && !OPEN.includes(route))
  expect(known.sort()).toEqual([...routes].sort())
})

test.each(routes)('%s: its scope and no other', async (route) => {
  const needed = NEEDED[route]
  const own = await a.project()
  for (const scope of SCOPES) {
    const answer = await ask(route, await a.key(own, { scopes: [scope] }), own)
    const may = needed !== 'platform' && (scope === needed || scope === 'admin')
    if (may) expect([401, 403].includes(answer.status)).toBe(false)
    else expect([scope, answer.status, answer.body.code]).toEqual([scope, 403, 'forbidden'])
  }
})

test.each(routes)("%s: without a key 401; another's project is not there", async (route) => {
  expect((await ask(route, null)).status).toBe(401)
  if (!route.includes('{p}')) return
  const key = await a.key(project, { scopes: SCOPES })
  const answers = [await ask(route, key, await a.project()), await ask(route, key, NOBODY)]
  expect(answers.map(({ status }) => status)).toEqual([404, 404])
  const [theirs, nobodys] = answers.map(({ body: { request_id: _, ...rest } }) => rest)
  expect(theirs).toEqual(nobodys)
})

test('tries that were refused are in the audit', async () => {
  const key = await a.key(project, { scopes: ['read'] })
  const id = key.split('_')[2]
  await ask('DELETE /v1/projects/{p}', key)
  await ask('GET /v1/projects/{p}', key, NOBODY)
  const entries = () =>
    sql<{ subject: string }>(
      platform.database.url,
      "SELECT subject FROM audit_log WHERE actor = $1 AND action = 'authorisation_failed' ORDER BY at",
      [id],
    )
  for (let i = 0; i < 100 && (await entries()).length < 2; i++);
  // Noted without waiting: which of the two is first is nobody's promise.
  expect((await entries()).map(({ subject }) => subject).sort()).toEqual(['admin', 'read'])
})

test('an admin key of one environment neither makes nor sees nor ends keys of another, nor decides for all', async () => {
  const mine = await a.key(project, { environment: 'dev', scopes: ['admin'] })
  const theirs = await a.key(project, { environment: 'prod' })
  const keys = `/v1/projects/${project}/keys`
  const refused = await platform.call('POST', keys, { key: mine, body: { environment: 'prod' } })
  expect(refused.body).toMatchObject({ status: 422, errors: [{ pointer: '/environment' }] })
  const made = await platform.call('POST', keys, { key: mine, body: {} })
  expect(made.body).toMatchObject({ environment: 'dev' })
  const { body } = await platform.call<{ data: { environment: string }[] }>('GET', keys, { key: mine })
  expect(new Set(body.data.map(({ environment }) => environment))).toEqual(new Set(['dev']))
  expect((await platform.call('DELETE', `${keys}/${theirs.split('_')[2]}`, { key: mine })).status).toBe(404)
  for (const method of ['PATCH', 'DELETE']) {
    const answer = await platform.call(method, `/v1/projects/${project}`, {
      key: mine,
      ...(method === 'PATCH' && { body: { name: 'X' } }),
    })
    expect([method, answer.status]).toEqual([method, 403])
  }
})
