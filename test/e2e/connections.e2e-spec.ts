import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sql } from '../support/database.ts'
import { type Connected, makers, TAP_SECRET } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let tap: Connected

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
  tap = await a.connection(project)
})
afterAll(() => platform.stop())

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

describe('connections', () => {
  test('show hints, never secrets, and what is stored is an envelope', async () => {
    const answer = await get(`/v1/projects/${project}/connections/${tap.id}`)
    expect(answer.body).toMatchObject({
      provider: 'tap_payments',
      status: 'connected',
      health: { state: 'unknown' },
      provider_mode: 'test',
      webhook: { secret_required: false },
      credentials: { secret_key: '…0001' },
    })
    expect(answer.text).not.toContain(TAP_SECRET)
    const [row] = await sql<{ credentials: { kid: string } }>(
      platform.database.url,
      'SELECT credentials FROM integration_connections WHERE id = $1',
      [tap.id],
    )
    expect(row?.credentials).toMatchObject({ v: 1, kid: 'generated-1' })
    expect(JSON.stringify(row)).not.toContain('VectorKey')
  })

  test('a ciphertext that was moved to another connection does not open', async () => {
    const twin = await a.connection(project)
    await sql(
      platform.database.url,
      'UPDATE integration_connections SET credentials = (SELECT credentials FROM integration_connections WHERE id = $1) WHERE id = $2',
      [tap.id, twin.id],
    )
    expect((await get(`/v1/projects/${project}/connections/${twin.id}`)).status).toBe(500)
    await sql(platform.database.url, 'DELETE FROM integration_connections WHERE id = $1', [twin.id])
  })

  test('many of one provider; an alias is one live one; a disconnected one gives it free and stays readable', async () => {
    const first = await a.connection(project, { alias: 'main' })
    await a.connection(project)
    const clash = await platform.call('POST', `/v1/projects/${project}/connections`, {
      body: {
        provider: 'tap_payments',
        environment: 'dev',
        alias: 'main',
        credentials: { secret_key: TAP_SECRET },
        verify: false,
      },
    })
    expect([clash.status, clash.body.code]).toEqual([409, 'conflict'])
    expect((await platform.call('DELETE', `/v1/projects/${project}/connections/${first.id}`)).status).toBe(
      204,
    )
    await a.connection(project, { alias: 'main' })
    expect((await get(`/v1/projects/${project}/connections/${first.id}`)).body).toMatchObject({
      status: 'disconnected',
      credentials: {},
    })
    const ids = async (query: string): Promise<string[]> =>
      (await get(`/v1/projects/${project}/connections${query}`)).body.data.map(({ id }: { id: string }) => id)
    expect(await ids('')).not.toContain(first.id)
    expect(await ids('?status=disconnected')).toEqual([first.id])
  })

  test('a thousand live ones a project and environment, also when many come at once for the last place', async () => {
    const full = await a.project()
    await sql(
      platform.database.url,
      `INSERT INTO integration_connections (project_id, provider, environment, status)
       SELECT $1, 'tap_payments', 'dev', CASE WHEN n > 999 THEN 'disconnected' ELSE 'connected' END::integration_connection_status
       FROM generate_series(1, 1100) n`,
      [full],
    )
    const tries = await Promise.all(
      Array.from({ length: 6 }, () =>
        platform.call('POST', `/v1/projects/${full}/connections`, { body: good }),
      ),
    )
    expect(tries.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422, 422, 422])
    expect(tries.find(({ status }) => status === 422)?.body.code).toBe('quota_exceeded')
    expect((await a.connection(full, { environment: 'staging' })).id).toBeDefined()
  })

  test('a call that needs no body takes none, whatever type is announced', async () => {
    const answer = await platform.call(
      'POST',
      `/v1/projects/${project}/connections/${tap.id}/webhook/rotate`,
      { headers: { 'content-type': 'application/json' } },
    )
    expect(answer.status).toBe(200)
  })

  test('a provider that cannot be reached: made, pending, unknown', async () => {
    const answer = await platform.call<Record<string, unknown>>(
      'POST',
      `/v1/projects/${project}/connections`,
      {
        body: { provider: 'tap_payments', environment: 'staging', credentials: { secret_key: TAP_SECRET } },
      },
    )
    expect([answer.status, answer.body]).toMatchObject([
      201,
      { status: 'pending', health: { state: 'unknown' } },
    ])
  })

  const create = (body: object, headers = {}) =>
    platform.call<Record<string, any>>('POST', `/v1/projects/${project}/connections`, { body, headers })
  const good = {
    provider: 'tap_payments',
    environment: 'dev',
    credentials: { secret_key: TAP_SECRET },
    verify: false,
  }

  test.each<[string, object, number, string, string[]]>([
    ['an unknown provider', { ...good, provider: 'nobody' }, 422, 'invalid_request', ['/provider']],
    ['an inactive provider', { ...good, provider: 'stripe' }, 422, 'provider_inactive', []],
    ['a provider without a connector', { ...good, provider: 'paymob' }, 422, 'unsupported', []],
    [
      'missing credentials',
      { ...good, credentials: {} },
      422,
      'invalid_request',
      ['/credentials/secret_key'],
    ],
    [
      'malformed credentials',
      { ...good, credentials: { secret_key: 'nonsense', extra: 1 } },
      422,
      'invalid_request',
      ['/credentials/extra', '/credentials/secret_key'],
    ],
    [
      'a test key in prod',
      { ...good, environment: 'prod' },
      422,
      'invalid_request',
      ['/credentials/secret_key'],
    ],
    [
      'a live key in dev',
      { ...good, credentials: { secret_key: TAP_SECRET.replace('test', 'live') } },
      422,
      'invalid_request',
      ['/credentials/secret_key'],
    ],
    ['unknown fields', { ...good, surprise: 1 }, 422, 'invalid_request', ['/surprise']],
    ['a wrong environment', { ...good, environment: 'production' }, 422, 'invalid_request', ['/environment']],
    ['an over-long alias', { ...good, alias: 'x'.repeat(101) }, 422, 'invalid_request', ['/alias']],
    ['text with NUL', { ...good, alias: 'a\0b' }, 422, 'invalid_request', ['/alias']],
    ['half a character', { ...good, alias: 'a\ud800' }, 422, 'invalid_request', ['/alias']],
    [
      'everything at once',
      { provider: 1, environment: 2 },
      422,
      'invalid_request',
      ['/provider', '/environment', '/credentials'],
    ],
  ])('refuse %s with a pointer', async (_, body, status, code, pointers) => {
    const count = (): Promise<unknown> =>
      sql(platform.database.url, 'SELECT count(*) FROM integration_connections')
    const before = await count()
    const answer = await create(body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect((answer.body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers)
    expect(await count()).toEqual(before)
  })

  test('refuse in Arabic to whom prefers it', async () => {
    const { body } = await create({ ...good, credentials: {} }, { 'accept-language': 'ar-KW,en;q=0.5' })
    expect([body.title, body.errors[0].message].every((text: string) => /[\u0600-\u06ff]/.test(text))).toBe(
      true,
    )
  })

  test('a staging connection takes both test and live keys', async () => {
    for (const secret_key of [TAP_SECRET, TAP_SECRET.replace('test', 'live')]) {
      expect((await create({ ...good, environment: 'staging', credentials: { secret_key } })).status).toBe(
        201,
      )
    }
  })
})
