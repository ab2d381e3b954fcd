import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
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

describe('keys', () => {
  test('none, a wrong one, a mistyped one: 401; too little: 403 with the scope', async () => {
    const key = await a.key(project, { scopes: ['read'] })
    for (const wrong of [null, 'x', `${key}0`, key.replace(/.$/, (last) => (last === '0' ? '1' : '0'))]) {
      const answer = await platform.call('GET', '/v1/providers', { key: wrong })
      expect([answer.status, answer.body]).toMatchObject([401, { code: 'unauthorized' }])
    }
    const refused = await platform.call('POST', `/v1/projects/${project}/connections`, { key, body: {} })
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
    expect((await get(`/v1/projects/${project}`, key)).status).toBe(200)
  })

  test('a revoked key is nobody, an expired one too; the text is nowhere in the database', async () => {
    const key = await a.key(project)
    const id = key.split('_')[2]
    expect((await get('/v1/providers', key)).status).toBe(200)
    expect((await platform.call('DELETE', `/v1/projects/${project}/keys/${id}`)).status).toBe(204)
    let status = 200
    for (let i = 0; i < 100 && status === 200; i++) status = (await get('/v1/providers', key)).status
    expect(status).toBe(401)
    const expired = await a.key(project, { expires_at: '2020-01-01T00:00:00Z' })
    expect((await get('/v1/providers', expired)).status).toBe(401)
    expect(
      await sql(platform.database.url, 'SELECT FROM api_keys k WHERE strpos(k::text, $1) > 0', [
        key.slice(-40),
      ]),
    ).toEqual([])
  })

  test('failed tries end in 429, and never lock a valid key out', async () => {
    const key = await a.key(project)
    const id = key.split('_')[2]
    const statuses: number[] = []
    for (let i = 0; i < 70; i++)
      statuses.push((await platform.call('GET', '/v1/providers', { key: `wrong-${i}` })).status)
    expect(statuses).toContain(429)
    expect((await get('/v1/providers', key)).status).toBe(200)
    expect(id).toHaveLength(16)
  })
})
