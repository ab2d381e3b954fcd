import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let project: string
let a: ReturnType<typeof makers>

beforeEach(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
})
afterEach(() => platform.stop())

test('old and new work side by side until the old one is revoked; expiry ends a known one too', async () => {
  const [old, fresh] = [await a.key(project), await a.key(project)]
  const status = async (key: string): Promise<number> =>
    (await platform.call('GET', `/v1/projects/${project}`, { key })).status
  expect([await status(old), await status(fresh)]).toEqual([200, 200])
  await platform.call('DELETE', `/v1/projects/${project}/keys/${old.split('_')[2]}`)
  const deadline = Date.now() + 5_000
  while ((await status(old)) === 200 && Date.now() < deadline);
  expect([await status(old), await status(fresh)]).toEqual([401, 200])
  const soon = await a.key(project, { expires_at: new Date(Date.now() + 1_500).toISOString() })
  expect(await status(soon)).toBe(200)
  while ((await status(soon)) === 200 && Date.now() < deadline);
  expect(await status(soon)).toBe(401)
})

test('when it was last used is noted, at the stop at the latest', async () => {
  const key = await a.key(project)
  await platform.call('GET', `/v1/projects/${project}`, { key })
  await platform.app.close()
  const [row] = await sql<{ used: boolean }>(
    platform.database.url,
    "SELECT last_used_at > now() - interval '1 minute' AS used FROM api_keys WHERE id = $1",
    [key.split('_')[2]],
  )
  expect(row?.used).toBe(true)
})

test.each(['key', 'api_key', 'apikey', 'access_token', 'token', 'authorization'])(
  'a key in the query (%s) opens nothing',
  async (name) => {
    const key = await a.key(project)
    const answer = await platform.call('GET', `/v1/projects/${project}?${name}=${key}`, { key: null })
    expect(answer.status).toBe(401)
    expect(answer.text).not.toContain(key)
  },
)
