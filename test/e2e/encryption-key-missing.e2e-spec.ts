import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Tasks } from '@app/jobs'
import { sql } from '../support/database.ts'
import { githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const key = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`
let before: TestPlatform
let after: TestPlatform

beforeAll(async () => {
  before = await startPlatform({ ENCRYPTION_KEYS: key('key-of-2025', 1) })
  after = await startPlatform({ ENCRYPTION_KEYS: key('key-of-2026', 2) }, false, before.database)
})
afterAll(async () => {
  await after.stop()
  await before.stop()
  delete process.env.ENCRYPTION_KEYS
})

test('rows under a key that is not configured: not ready, with its id; nothing is taken in or shown meanwhile', async () => {
  expect((await after.call('GET', '/health/ready')).status).toBe(200)
  const a = makers(before)
  const project = await a.project()
  const hook = await a.github(project, 'a secret')
  const ready = await after.call<{ checks: Record<string, string> }>('GET', '/health/ready', { key: null })
  expect([ready.status, ready.body.checks.keys]).toEqual([503, 'ENCRYPTION_KEYS lacks key-of-2025'])
  expect(ready.body.checks).toMatchObject({ database: 'ok', migrations: 'ok', body_store: 'ok' })
  const delivery = {
    key: null,
    body: 'x',
    headers: { 'x-hub-signature-256': githubSignature('a secret', 'x') },
  }
  for (const answer of [
    await after.call('POST', hook.path, delivery),
    await after.call('GET', `/v1/projects/${project}/connections/${hook.id}`),
  ]) {
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([
      503,
      'unavailable',
      '5',
    ])
  }
  expect((await before.call('POST', hook.path, delivery)).status).toBe(200)
})

test('once the old key is back, all is sealed under the new one, and the old one can go', async () => {
  const a = makers(before)
  const project = await a.project()
  const { id, secret } = (
    await before.call<{ id: string; secret: string }>('POST', `/v1/projects/${project}/destinations`, {
      body: { url: 'https://app.example/hooks' },
    })
  ).body
  const both = await startPlatform(
    { ENCRYPTION_KEYS: `${key('key-of-2026', 2)},${key('key-of-2025', 1)}` },
    false,
    before.database,
  )
  expect((await both.call('GET', '/health/ready')).status).toBe(200)
  expect(await both.app.get(Tasks).run('rewrap-keys')).toMatchObject({ 'destinations.secrets': 1 })
  await both.stop()
  const kids = await sql(before.database.url, "SELECT secrets ->> 'kid' AS kid FROM destinations")
  expect(kids).toEqual([{ kid: 'key-of-2026' }])
  expect((await after.call('GET', '/health/ready')).status).toBe(200)
  const rotated = await after.call('POST', `/v1/projects/${project}/destinations/${id}/rotate-secret`)
  expect([rotated.status, rotated.body.secret === secret]).toEqual([200, false])
})
