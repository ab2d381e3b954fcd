import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/child.ts'
import { githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

// security.md 4.5: what is taken away is gone on every replica within five seconds.
const WITHIN_MS = 5_000
const SECRET = 'the secret of the hook'
let one: TestPlatform
let other: TestPlatform
let project: string

beforeAll(async () => {
  // Envelopes that one replica seals, the other must open.
  const environment = { ENCRYPTION_KEYS: `shared:${Buffer.alloc(32, 7).toString('base64')}` }
  one = await startPlatform(environment)
  other = await startPlatform(environment, false, one.database)
  project = await makers(one).project()
})
afterAll(async () => {
  await other.stop()
  await one.stop()
})

let sent = 0
async function delivered(path: string, secret: string): Promise<number> {
  const body = `delivery ${sent++}`
  const headers = { 'x-hub-signature-256': githubSignature(secret, body) }
  return (await other.call('POST', path, { key: null, body, headers })).status
}

async function becomes(question: () => Promise<number>, status: number): Promise<void> {
  const { answer, ms } = await eventually(question, (found) => found === status, WITHIN_MS)
  expect(answer).toBe(status)
  expect(ms).toBeLessThan(WITHIN_MS)
}

test('a revoked key opens nothing any more', async () => {
  const made = await one.call<{ id: string; key: string }>('POST', `/v1/projects/${project}/keys`, {
    body: {},
  })
  const { id, key } = made.body
  const asked = async (): Promise<number> =>
    (await other.call('GET', `/v1/projects/${project}`, { key })).status
  expect(await asked()).toBe(200)
  await one.call('DELETE', `/v1/projects/${project}/keys/${id}`)
  await becomes(asked, 401)
})

test('a disconnected connection takes nothing in any more', async () => {
  const { id, path } = await makers(one).github(project, SECRET)
  expect(await delivered(path, SECRET)).toBe(200)
  await one.call('DELETE', `/v1/projects/${project}/connections/${id}`)
  await becomes(() => delivered(path, SECRET), 404)
})

test('a new webhook secret counts, and the one before for a day', async () => {
  const { id, path } = await makers(one).github(project, SECRET)
  expect(await delivered(path, SECRET)).toBe(200)
  const credentials = { token: `ghp_${'b'.repeat(36)}`, webhook_secret: 'the next secret' }
  await one.call('PUT', `/v1/projects/${project}/connections/${id}/credentials`, {
    body: { credentials, verify: false },
  })
  await becomes(() => delivered(path, 'the next secret'), 200)
  expect(await delivered(path, SECRET)).toBe(200)
})
