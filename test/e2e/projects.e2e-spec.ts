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
