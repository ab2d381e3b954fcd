import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Connections } from '@app/connections'
import { Egress, EgressRoutes } from '@app/egress'
import { Tasks } from '@app/jobs'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { ProviderDouble } from '../support/provider-double.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let double: ProviderDouble
let project: string
beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  double = await new ProviderDouble().open()
  platform.app.get(EgressRoutes).add('https://api.github.com', double.url)
})
beforeEach(async () => {
  double.mood = 'healthy'
  double.moods.clear()
  project = await a.project()
})
afterEach(() => sql(platform.database.url, 'DELETE FROM integration_connections'))
afterAll(async () => {
  await platform.stop()
  await double.close()
})

const tokenOf = (name: string): string => `ghp_${name.padEnd(36, '0')}`
const github = async (name = 'a', fields = {}): Promise<string> =>
  (
    await a.connection(project, {
      provider: 'github',
      credentials: { token: tokenOf(name), webhook_secret: 'a webhook secret' },
      ...fields,
    })
  ).id
const check = () => platform.app.get(Tasks).run('health-checks')
const verify = (id: string) => platform.call<any>('POST', `/v1/projects/${project}/connections/${id}/verify`)
const health = async (id: string, key?: string) =>
  (
    await platform.call<any>(
      'GET',
      `/v1/projects/${project}/connections/${id}/health`,
      key === undefined ? {} : { key },
    )
  ).body
const news = async (id: string): Promise<string[]> =>
  (await health(id)).changes.map(({ type }: { type: string }) => type).reverse()

test('ill after one failure, unhealthy after three, well at once; each change is news, and nothing else is', async () => {
  const id = await github()
  await check()
  expect(await health(id)).toMatchObject({
    status: 'connected',
    state: 'healthy',
    message: null,
    failures_in_a_row: 0,
    changes: [{ type: 'connection.healthy', from: 'unknown', to: 'healthy', message: null }],
  })
  double.mood = 'failing'
  const states: string[] = []
  for (let n = 0; n < 5; n++) {
    await check()
    states.push((await health(id)).state)
  }
  expect(states).toEqual(['degraded', 'degraded', 'unhealthy', 'unhealthy', 'unhealthy'])
  const ill = await health(id)
  expect(ill).toMatchObject({ status: 'connected', failures_in_a_row: 5 })
  expect(ill.message).toMatchObject({ code: 'provider_error' })
  expect(ill.message.en).toContain('error')
  expect(ill.message.ar).toMatch(/[\u0600-\u06ff]{4}/)
  expect(Date.parse(ill.next_check_at)).toBeGreaterThan(Date.now())

  double.mood = 'healthy'
  await check()
  await check()
  expect((await health(id)).state).toBe('healthy')
  expect(await news(id)).toEqual([
    'connection.healthy',
    'connection.degraded',
    'connection.unhealthy',
    'connection.healthy',
  ])
})

test('what becomes news goes out with the change: born, ill, well again, each once', async () => {
  const id = await github()
  await check()
  double.mood = 'failing'
  await check()
  double.mood = 'healthy'
  await check()
  await check()
  const rows = await sql(
    platform.database.url,
    "SELECT type, subject, connection_id, data -> 'object' ->> 'status' AS status, data #>> '{object,health,state}' AS health FROM outgoing_events WHERE subject = $1 ORDER BY recorded_at",
    [id],
  )
  const of = { subject: id, connection_id: id, status: 'connected' }
  expect(rows).toEqual([
    { ...of, type: 'connection.created', health: 'unknown' },
    { ...of, type: 'connection.healthy', health: 'healthy' },
    { ...of, type: 'connection.degraded', health: 'degraded' },
    { ...of, type: 'connection.healthy', health: 'healthy' },
  ])
})

test('a provider that cannot be reached makes the connection ill, never its credentials', async () => {
  const id = await github()
  await check()
  await double.close()
  for (let n = 0; n < 3; n++) await check()
  await double.open()
  expect(await health(id)).toMatchObject({
    status: 'connected',
    state: 'unhealthy',
    message: { code: 'provider_unavailable' },
  })
})

test('refused credentials: failed, told once, and not asked again until there are new ones', async () => {
  const id = await github()
  await check()
  double.mood = 'refusing'
  await check()
  expect(await health(id)).toMatchObject({
    status: 'failed',
    message: { code: 'credentials_rejected' },
    next_check_at: null,
  })
  const { asked } = double
  await check()
  expect(double.asked).toBe(asked)
  expect(await news(id)).toEqual(['connection.healthy', 'connection.credentials_invalid'])

  double.mood = 'healthy'
  const rotated = await platform.call<any>('PUT', `/v1/projects/${project}/connections/${id}/credentials`, {
    body: { credentials: { token: tokenOf('new'), webhook_secret: 'a webhook secret' } },
  })
  expect(rotated.body).toMatchObject({ status: 'connected', health: { state: 'healthy' } })
  expect((await news(id)).at(-1)).toBe('connection.healthy')
})

test('a provider that asks for patience is not ill, and a page of HTML is not well', async () => {
  const id = await github()
  await check()
  double.mood = 'throttling'
  for (let n = 0; n < 4; n++) await check()
  expect(await health(id)).toMatchObject({ state: 'healthy', failures_in_a_row: 0 })
  double.mood = 'babbling'
  await check()
  expect(await health(id)).toMatchObject({ state: 'degraded', message: { code: 'provider_error' } })
})

test('a pending connection is connected at the first good check, and a bad one says nothing', async () => {
  await double.close()
  const id = await github('late', { verify: true })
  await check()
  expect(await health(id)).toMatchObject({ status: 'pending', state: 'unknown', changes: [] })
  await double.open()
  await check()
  expect(await health(id)).toMatchObject({ status: 'connected', state: 'healthy' })
})

test('verify checks now and tells of the change as the task does', async () => {
  const id = await github()
  expect((await verify(id)).body).toMatchObject({ health: { state: 'healthy' } })
  double.mood = 'failing'
  expect((await verify(id)).body).toMatchObject({ health: { state: 'degraded', message: 'provider_error' } })
  expect(await news(id)).toEqual(['connection.healthy', 'connection.degraded'])
})

test('a check empties the memory of webhook addresses only when the status is another', async () => {
  await github()
  let emptied = 0
  platform.app.get(Connections).onChange(() => emptied++)
  await check()
  double.mood = 'failing'
  await check()
  expect(emptied).toBe(0)
  double.mood = 'refusing'
  await check()
  expect(emptied).toBe(1)
})

test('many connections: all are asked, a few at once, and each is judged by its own answer', async () => {
  const ids: string[] = []
  for (let n = 0; n < 40; n++) {
    double.moods.set(tokenOf(`n${n}n`), n % 2 ? 'failing' : 'healthy')
    ids.push(await github(`n${n}n`))
  }
  double.asked = double.most = 0
  expect(await check()).toEqual({ checked: 40, failed: 0 })
  expect(double.asked).toBe(40)
  expect(double.most).toBeLessThanOrEqual(16)
  for (const [n, id] of ids.entries()) expect((await health(id)).state).toBe(n % 2 ? 'degraded' : 'healthy')
})

test('one that cannot be opened keeps nobody else from being checked', async () => {
  const broken = await github('broken')
  const well = await github('well')
  await sql(
    platform.database.url,
    'UPDATE integration_connections SET credentials = (SELECT credentials FROM integration_connections WHERE id = $1) WHERE id = $2',
    [well, broken],
  )
  expect(await check()).toEqual({ checked: 1, failed: 1 })
  expect((await health(well)).state).toBe('healthy')
})

test('live traffic that fails has the provider asked, before its turn and once; what it says is what counts', async () => {
  const id = await github()
  await check()
  await sql(
    platform.database.url,
    "UPDATE integration_connections SET last_health_check = now() - interval '2 minutes'",
  )
  double.mood = 'failing'
  double.asked = 0
  const call = () =>
    platform.app.get(Egress).send({
      method: 'GET',
      url: 'https://api.github.com/zen',
      about: { provider: 'github', connection: id },
    })
  for (let n = 0; n < 19; n++) await call()
  expect((await health(id)).state).toBe('healthy')
  await call()
  // By now the breaker holds calls back; the probe passes it.
  await expect(call()).rejects.toMatchObject({ reason: 'breaker_open' })
  let state = 'healthy'
  while (state === 'healthy') state = (await health(id)).state
  expect([state, (await health(id)).failures_in_a_row]).toEqual(['degraded', 1])
  expect(double.asked).toBe(21)
  expect(await news(id)).toEqual(['connection.healthy', 'connection.degraded'])
})

test('another project and another environment see nothing of it', async () => {
  const id = await github()
  await check()
  const other = await a.project()
  const status = async (key: string, p = project): Promise<number> =>
    (await platform.call('GET', `/v1/projects/${p}/connections/${id}/health`, { key })).status
  const theirs = await a.key(other, { scopes: ['read'] })
  expect([await status(theirs), await status(theirs, other)]).toEqual([404, 404])
  expect(await status(await a.key(project, { scopes: ['read'], environment: 'staging' }))).toBe(404)
  expect(await status(await a.key(project, { scopes: ['payments'] }))).toBe(403)
  const own = await health(id, await a.key(project, { scopes: ['read'], environment: 'dev' }))
  expect(own.changes).toHaveLength(1)
})

test('no secret is in what is told', async () => {
  const id = await github('canary')
  double.mood = 'refusing'
  await check()
  expect(JSON.stringify(await health(id))).not.toContain('canary')
  const rows = await sql(platform.database.url, 'SELECT * FROM connection_health_changes')
  expect(JSON.stringify(rows)).not.toContain('canary')
})
