import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const ENCRYPTION_KEYS = `shared:${Buffer.alloc(32, 7).toString('base64')}`
let riyadh: TestPlatform
let cairo: TestPlatform

beforeAll(async () => {
  riyadh = await startPlatform({ ENCRYPTION_KEYS, DATA_COUNTRY: 'SA' })
  cairo = await startPlatform({ ENCRYPTION_KEYS, DATA_COUNTRY: 'EG' }, false, riyadh.database)
})
afterAll(async () => {
  await cairo.stop()
  await riyadh.stop()
  delete process.env.ENCRYPTION_KEYS
  delete process.env.DATA_COUNTRY
})

test('where the data of a project may not lie, nothing is kept for it', async () => {
  const a = makers(riyadh)
  const project = await a.project({ data_residency: ['SA', 'AE'] })
  const hook = await a.github(project, 'a secret')
  const credentials = { token: `ghp_${'b'.repeat(36)}`, webhook_secret: 'other' }
  const connections = `/v1/projects/${project}/connections`
  const refused = [
    await cairo.call('POST', '/v1/projects', { body: { name: 'X', data_residency: ['SA'] } }),
    await cairo.call('POST', connections, {
      body: { provider: 'github', environment: 'dev', verify: false, credentials },
    }),
    await cairo.call('PUT', `${connections}/${hook.id}/credentials`, {
      body: { credentials, verify: false },
    }),
  ]
  expect(refused.map(({ status, body }) => [status, body.code])).toEqual(
    refused.map(() => [422, 'residency_unmet']),
  )
  // A sender is told to come again: the fault is ours (security.md 1.3).
  const heldOff = [
    await cairo.call('POST', hook.path, {
      key: null,
      body: 'x',
      headers: { 'x-hub-signature-256': githubSignature('a secret', 'x') },
    }),
    await cairo.call('POST', hook.path, { key: null, body: 'unsigned' }),
  ]
  for (const { status, body, headers } of heldOff) {
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'residency_unmet', '60'])
  }
  for (const table of ['integration_events', 'webhook_quarantine']) {
    expect(await sql(riyadh.database.url, `SELECT FROM ${table}`)).toEqual([])
  }
  expect((await cairo.call('GET', `${connections}/${hook.id}`)).status).toBe(200)
})
