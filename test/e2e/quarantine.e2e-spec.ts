import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { type Connected, githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let project: string
let hook: Connected

beforeAll(async () => {
  platform = await startPlatform({ TRUSTED_PROXIES: '127.0.0.0/8' })
  const a = makers(platform)
  project = await a.project()
  hook = await a.github(project, 'the right secret')
})
afterAll(() => platform.stop())

const deliver = (body: string, secret: string, from = '203.0.113.7') =>
  platform.call('POST', hook.path, {
    key: null,
    body,
    headers: { 'x-hub-signature-256': githubSignature(secret, body), 'x-forwarded-for': from },
  })
const entries = async (): Promise<{ id: string }[]> =>
  (await platform.call<{ data: { id: string }[] }>('GET', `/v1/projects/${project}/quarantine?limit=200`))
    .body.data
const again = (id: string) => platform.call('POST', `/v1/projects/${project}/quarantine/${id}/verify`)

test('a store that does not answer is 503, a record that is gone 410; neither is our secret failing', async () => {
  await deliver('one', 'wrong')
  const [entry] = await entries()
  const bodies = join(platform.dataDir, 'bodies')
  renameSync(bodies, `${bodies}.away`)
  writeFileSync(bodies, 'not a folder')
  const away = await again(entry!.id)
  expect([away.status, away.body.code, away.headers.get('retry-after')]).toEqual([503, 'unavailable', '5'])
  rmSync(bodies)
  renameSync(`${bodies}.away`, bodies)
  expect((await again(entry!.id)).status).toBe(409)
  for (const name of readdirSync(bodies)) rmSync(join(bodies, name), { recursive: true })
  const gone = await again(entry!.id)
  expect([gone.status, gone.body.code]).toEqual([410, 'body_expired'])
})

test('the newest hundred a connection', async () => {
  await sql(
    platform.database.url,
    `INSERT INTO webhook_quarantine (id, project_id, environment, connection_id, provider, reason, raw_body_url, body_size, body_hash)
     SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1, 'dev', $2, 'github', 'signature_mismatch',
       (SELECT raw_body_url FROM webhook_quarantine LIMIT 1), 1, 'x' FROM generate_series(1, 150) n`,
    [project, hook.id],
  )
  await deliver('the newest', 'wrong')
  const kept = await entries()
  expect(kept).toHaveLength(100)
  expect(kept.map(({ id }) => id)).not.toContain('00000000-0000-7000-8000-000000000001')
})

test('one key refused from ever so many addresses: 429, but what verifies is never dropped', async () => {
  const statuses = new Set<number>()
  for (let n = 0; n < 620 && !statuses.has(429); n++) {
    const answer = await deliver(`guess ${n}`, 'wrong', `198.51.${n >> 8}.${n & 255}`)
    statuses.add(answer.status)
    if (answer.status === 429) expect(answer.headers.get('retry-after')).toBe('60')
  }
  expect([...statuses]).toEqual([401, 429])
  expect((await deliver('fine', 'the right secret', '198.51.100.1')).status).toBe(200)
})
