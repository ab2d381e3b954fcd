import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { sql } from '../support/database.ts'
import { type Connected, makers, TAP_CHARGE, TAP_HASH, TAP_SECRET } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let project: string
let tap: Connected
const NOBODY = '01a20b6b-0000-7000-8000-000000000000'

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  project = await a.project()
  tap = await a.connection(project)
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

describe('tenancy', () => {
  test("another project's things are not there: in read, list, write, body and quarantine", async () => {
    const other = await a.project()
    const theirs = await a.connection(other)
    const key = await a.key(project, { scopes: ['read', 'write', 'connections:write', 'bodies:read'] })
    for (const [method, path] of [
      ['GET', `/v1/projects/${other}`],
      ['GET', `/v1/projects/${other}/connections`],
      ['GET', `/v1/projects/${project}/connections/${theirs.id}`],
      ['DELETE', `/v1/projects/${project}/connections/${theirs.id}`],
      ['PATCH', `/v1/projects/${project}/connections/${theirs.id}`],
      ['GET', `/v1/projects/${other}/events`],
      ['GET', `/v1/projects/${project}/events/${NOBODY}`],
      ['GET', `/v1/projects/${project}/events/${NOBODY}/body?reason=x`],
      ['POST', `/v1/projects/${project}/quarantine/${NOBODY}/verify`],
      ['GET', `/v1/projects/not-an-id`],
    ] as const) {
      const answer = await platform.call(method, path, { key, ...(method === 'PATCH' && { body: {} }) })
      expect([path, answer.status, answer.body?.code]).toEqual([path, 404, 'not_found'])
    }
    expect((await get('/v1/projects', key)).body.data.map(({ id }: { id: string }) => id)).toEqual([project])
    expect((await get(`/v1/projects/${project}/events?connection_id=${theirs.id}`, key)).body.data).toEqual(
      [],
    )
  })

  test('a key of one environment sees that environment only', async () => {
    const key = await a.key(project, { environment: 'staging', scopes: ['read', 'connections:write'] })
    expect((await get(`/v1/projects/${project}/connections`, key)).body.data).toEqual([])
    expect((await get(`/v1/projects/${project}/connections/${tap.id}`, key)).status).toBe(404)
    const wrong = await platform.call('POST', `/v1/projects/${project}/connections`, {
      key,
      body: { provider: 'tap_payments', environment: 'dev', credentials: { secret_key: TAP_SECRET } },
    })
    expect(wrong.body).toMatchObject({ status: 422, errors: [{ pointer: '/environment' }] })
  })

  test('the database holds the barrier too', async () => {
    const seenBy = async (id: string): Promise<number> => {
      const client = new pg.Client({ connectionString: platform.database.url })
      await client.connect()
      await client.query('SET ROLE wasl_tenant')
      await client.query("SELECT set_config('wasl.project_id', $1, false)", [id])
      const { rows } = await client.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM integration_connections',
      )
      await client.end()
      return rows[0]?.n ?? -1
    }
    expect(await seenBy(project)).toBeGreaterThan(0)
    expect([await seenBy(NOBODY), await seenBy('')]).toEqual([0, 0])
    const policies = await sql<{ name: string }>(
      platform.database.url,
      "SELECT tablename AS name FROM pg_policies WHERE policyname = 'tenant' ORDER BY 1",
    )
    expect(policies.map(({ name }) => name)).toEqual([
      'api_keys',
      'audit_log',
      'integration_api_logs',
      'integration_connections',
      'integration_events',
      'integration_webhook_configs',
      'project_settings',
      'webhook_access_logs',
      'webhook_addresses',
      'webhook_quarantine',
    ])
  })
})

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

describe('requests that cannot be read', () => {
  test.each<[string, string, Record<string, string>, number]>([
    ['broken JSON', '{"name":', { 'content-type': 'application/json' }, 400],
    ['no JSON at all', 'name=x', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [
      'a body over 1 MiB',
      JSON.stringify({ name: 'x'.repeat(1024 * 1024) }),
      { 'content-type': 'application/json' },
      413,
    ],
    ['dangerous keys', '{"name":"x","__proto__":{"a":1}}', { 'content-type': 'application/json' }, 400],
  ])('%s', async (_, body, headers, status) => {
    const answer = await platform.call('POST', '/v1/projects', { body, headers })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ])
  })

  test.each([
    '?limit=0',
    '?limit=201',
    '?limit=x',
    '?cursor=!!!',
    `?cursor=${Buffer.from("'; drop table").toString('base64url')}`,
    '?surprise=1',
    '?status=nonsense',
  ])('a list with %s: 400 and a pointer', async (query) => {
    const answer = await get(`/v1/projects/${project}/connections${query}`)
    expect([answer.status, answer.body.code, answer.body.errors.length]).toEqual([400, 'invalid_request', 1])
  })
})

test('lists go on where they stopped, though rows are added meanwhile', async () => {
  const fresh = await a.project()
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.push((await a.connection(fresh)).id)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { body: Record<string, any> } = await get(
      `/v1/projects/${fresh}/connections?limit=2${cursor && `&cursor=${cursor}`}`,
    )
    seen.push(...page.body.data.map(({ id }: { id: string }) => id))
    cursor = page.body.next_cursor as string | null
    await a.connection(fresh)
  }
  expect(seen).toEqual(made.reverse())
})

describe('the catalogue', () => {
  test('has 49 providers, MENA first, and says what works in this build', async () => {
    const { body } = await get('/v1/providers')
    expect(body.data).toHaveLength(49)
    expect(
      body.data.slice(0, 13).every(({ is_mena_provider }: { is_mena_provider: boolean }) => is_mena_provider),
    ).toBe(true)
    const [first] = body.data
    expect(first).toMatchObject({
      provider: 'tap_payments',
      name_ar: 'تاب للمدفوعات',
      operations: ['health', 'webhooks'],
    })
    expect(first.credential_fields[0]).toMatchObject({
      name: 'secret_key',
      secret: true,
      required: true,
      label_ar: 'المفتاح السري',
    })
    expect(body.data[1].operations).toEqual([])
  })

  test.each([
    ['mada', 'SA', ['tap_payments', 'paymob', 'moyasar', 'paytabs']],
    ['knet', 'kw', ['tap_payments', 'paytabs']],
    ['benefit', 'BH', ['tap_payments']],
    ['fawry', 'EG', ['paymob', 'paytabs']],
    ['valu', 'EG', ['paymob', 'paytabs']],
    ['nonsense', 'SA', []],
    ['mada', 'ZZ', []],
  ])('who does %s in %s?', async (capability, country, expected) => {
    const { body } = await get(`/v1/payment-providers?capability=${capability}&country=${country}`)
    expect(body.data.map(({ provider }: { provider: string }) => provider)).toEqual(expected)
    expect(body.data.every(({ reasons }: { reasons: unknown[] }) => reasons.length > 0)).toBe(true)
  })

  test('filters, and a provider that is not there', async () => {
    expect(
      (await get('/v1/providers?category=logistics&country=EG')).body.data.map(
        ({ provider }: { provider: string }) => provider,
      ),
    ).toEqual(['aramex', 'fetchr'])
    expect((await get('/v1/providers/nobody')).status).toBe(404)
  })
})

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

test('the docs, the health and the metrics ask no key; the document is OpenAPI 3.1 and names the calls', async () => {
  for (const path of ['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json']) {
    expect([path, (await platform.call('GET', path, { key: null })).status]).toEqual([path, 200])
  }
  const { body } = await get('/openapi.json')
  expect(body.openapi).toBe('3.1.0')
  expect(Object.keys(body.paths as object)).toEqual(
    expect.arrayContaining([
      '/v1/projects/{p}/connections',
      '/v1/projects/{p}/events/{id}/body',
      '/webhooks/{provider}/{webhook_key}',
    ]),
  )
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
