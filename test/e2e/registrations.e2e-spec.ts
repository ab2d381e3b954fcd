import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Tasks } from '@app/jobs'
import { Registrations } from '../../libs/webhooks/src/registration/registrations.ts'
import { sql } from '../support/database.ts'
import { type Connected, makers } from '../support/makers.ts'
import { deliver, PlayedGithub } from '../support/played-github.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const SECRET = 'a webhook secret'
let platform: TestPlatform
let a: ReturnType<typeof makers>
let github: PlayedGithub
let project: string
beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  github = await PlayedGithub.start(platform)
})
beforeEach(async () => {
  project = await a.project()
})
afterEach(async () => {
  github.forget()
  await sql(platform.database.url, 'DELETE FROM integration_connections')
})
afterAll(async () => {
  await platform.stop()
  await github.stop()
})

interface Shown {
  url: string
  state: string
  reason: string | null
  checked_at: string | null
  registered: { id: string; url: string; events: string[]; active: boolean }[]
  can_be_mended: boolean
  what_to_do: string | null
  what_to_do_ar: string | null
  code?: string
}

const linked = (fields: object = {}): Promise<Connected> =>
  a.connection(project, {
    provider: 'github',
    credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: SECRET },
    config: { repository: 'acme/shop' },
    ...fields,
  })
const urlOf = ({ path }: Connected): string => `https://wasl.example${path}`
const pathOf = ({ id }: Connected): string => `/v1/projects/${project}/connections/${id}/webhook`
const show = async (one: Connected): Promise<Shown> => (await platform.call<Shown>('GET', pathOf(one))).body
const asked = (one: Connected, what: 'check' | 'mend' | 'rotate', options = {}) =>
  platform.call<Shown>('POST', `${pathOf(one)}/${what}`, options)
const check = async (one: Connected): Promise<Shown> => {
  const answer = await asked(one, 'check')
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}
const run = () => platform.app.get(Tasks).run('webhook-registrations')
const news = (one: Connected) =>
  sql<{ data: { object: { webhook: object }; previous: object } }>(
    platform.database.url,
    "SELECT data FROM outgoing_events WHERE subject = $1 AND type = 'connection.changed' ORDER BY id",
    [one.id],
  ).then((rows) => rows.map(({ data: { object, previous } }) => [previous, object.webhook]))
const told = (before: string, state: string, reason: string | null = null) => [
  { webhook: { state: before } },
  { state, reason },
]

describe('what is registered at the provider', () => {
  test('in order: one active webhook at our address, signed, whatever else is registered there', async () => {
    const connection = await linked()
    github.hook('shop', 'https://ci.example/hook?token=canary')
    const hook = github.hook('shop', urlOf(connection), { events: ['push', 'issues'] })
    expect(await show(connection)).toMatchObject({
      state: 'unknown',
      reason: 'never_checked',
      checked_at: null,
    })
    const found = await check(connection)
    expect(found).toEqual({
      url: urlOf(connection),
      state: 'in_order',
      reason: null,
      checked_at: expect.any(String),
      registered: [{ id: String(hook.id), url: urlOf(connection), events: ['push', 'issues'], active: true }],
      can_be_mended: false,
      what_to_do: null,
      what_to_do_ar: null,
    })
    expect(await show(connection)).toEqual(found)
    expect(await news(connection)).toEqual([])
  })

  test('nothing of other webhooks is kept or shown', async () => {
    const connection = await linked()
    github.hook('shop', 'https://ci.example/hook?token=canary')
    expect(JSON.stringify(await check(connection))).not.toContain('canary')
    const rows = await sql(platform.database.url, 'SELECT * FROM integration_webhook_configs')
    expect(rows).toEqual([])
  })

  test.each<[string, (connection: Connected) => void]>([
    ['missing', () => undefined],
    ['inactive', (one) => github.hook('shop', urlOf(one), { active: false })],
    [
      'unsigned',
      (one) => {
        const hook = github.hook('shop', urlOf(one))
        delete hook.config.secret
      },
    ],
    [
      'duplicate',
      (one) => {
        github.hook('shop', urlOf(one))
        github.hook('shop', urlOf(one))
      },
    ],
    // The platform had another name when it was pasted.
    ['other_address', (one) => github.hook('shop', urlOf(one).replace('wasl.example', 'old.example'))],
  ])('%s: shown with what to do in two languages, told once, mended on request', async (state, drifts) => {
    const connection = await linked()
    github.hook('shop', 'https://ci.example/hook')
    drifts(connection)
    const found = await check(connection)
    expect(found).toMatchObject({ state, can_be_mended: true })
    expect(found.what_to_do).toContain('/webhook/mend')
    expect(found.what_to_do_ar).toMatch(/[\u0600-\u06ff]{4}/)
    await check(connection)
    expect(await news(connection)).toEqual([told('unknown', state)])

    const mended = await asked(connection, 'mend')
    expect([mended.status, mended.body]).toMatchObject([200, { state: 'in_order', can_be_mended: false }])
    expect(await show(connection)).toEqual(mended.body)
    expect(await news(connection)).toEqual([told('unknown', state), told(state, 'in_order')])
    const ours = github.hooks
      .get('shop')
      ?.filter(({ active, config }) => active && config.url === urlOf(connection))
    expect(ours?.map(({ config }) => config)).toEqual([
      { url: urlOf(connection), content_type: 'json', insecure_ssl: '0', secret: SECRET },
    ])
    expect(github.hooks.get('shop')?.[0]?.config.url).toBe('https://ci.example/hook')
  })

  test('a rotated address: drift at once, mended with the events that it had, and deliveries arrive again', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection), { events: ['push', 'release'] })
    await check(connection)
    await asked(connection, 'rotate')
    // Without asking anybody: what was registered leads to the old address.
    const drifted = await show(connection)
    expect(drifted).toMatchObject({ state: 'other_address', can_be_mended: true })
    expect(drifted.url).not.toBe(urlOf(connection))
    expect((await asked(connection, 'mend')).body).toMatchObject({ state: 'in_order', url: drifted.url })
    expect(github.hooks.get('shop')).toMatchObject([
      { id: hook.id, events: ['push', 'release'], config: { url: drifted.url, secret: SECRET } },
    ])
    const delivery = github.happened(hook, 'after')
    expect((await deliver(platform, hook.config.url, delivery, SECRET)).status).toBe(200)
    expect(await news(connection)).toEqual([
      told('in_order', 'other_address'),
      told('other_address', 'in_order'),
    ])
  })

  test('what is in order is not touched by mending, nor in the audit; a mending is, without secret or address', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    await asked(connection, 'mend')
    hook.active = false
    await asked(connection, 'mend')
    expect(github.asked.filter((call) => !call.startsWith('GET'))).toEqual([
      `PATCH /repos/acme/shop/hooks/${hook.id}`,
      `PATCH /repos/acme/shop/hooks/${hook.id}/config`,
    ])
    const audit = await sql(
      platform.database.url,
      "SELECT actor, details FROM audit_log WHERE subject = $1 AND action = 'connection.webhook_mended'",
      [connection.id],
    )
    expect(audit).toEqual([
      { actor: 'admin', details: { state: 'inactive', registrations: [String(hook.id)] } },
    ])
  })

  test('ten menders at once register one webhook', async () => {
    const connection = await linked()
    const answers = await Promise.all(Array.from({ length: 10 }, () => asked(connection, 'mend')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(new Set(statuses).size).toBeLessThanOrEqual(2)
    for (const { status, body } of answers) if (status !== 200) expect(body.code).toBe('conflict')
    expect(github.hooks.get('shop')).toHaveLength(1)
  })

  test('webhooks of another connection are not this one’s, in the same repository or project', async () => {
    const [one, other] = [await linked(), await linked()]
    github.hook('shop', urlOf(other))
    expect((await check(one)).state).toBe('missing')
    await asked(one, 'mend')
    expect((await check(other)).registered).toHaveLength(1)
    expect(github.hooks.get('shop')?.map(({ config }) => config.url)).toEqual([urlOf(other), urlOf(one)])
  })

  test('another project, or a key of another environment, finds nothing there', async () => {
    const connection = await linked()
    const keys = [
      await a.key(await a.project(), { scopes: ['read', 'connections:write'] }),
      await a.key(project, { environment: 'prod', scopes: ['read', 'connections:write'] }),
    ]
    for (const key of keys) {
      expect((await platform.call('GET', pathOf(connection), { key })).status).toBe(404)
      expect((await asked(connection, 'check', { key })).status).toBe(404)
      expect((await asked(connection, 'mend', { key })).status).toBe(404)
    }
    expect(github.asked).toEqual([])
  })
})

describe('a provider that does not answer as asked', () => {
  test.each<[number, string]>([
    [401, 'credentials_rejected'],
    [403, 'not_allowed'],
    [404, 'not_allowed'],
  ])('%d is unknown, because of %s, and cannot be mended', async (mood, reason) => {
    const connection = await linked()
    github.hook('shop', urlOf(connection))
    await check(connection)
    github.moods.set('shop', mood)
    const found = await check(connection)
    expect(found).toMatchObject({ state: 'unknown', reason, can_be_mended: false })
    expect(found.what_to_do).toContain(reason === 'not_allowed' ? 'admin:repo_hook' : 'PUT')
    expect(await show(connection)).toMatchObject({ state: 'unknown', reason })
    const mended = await asked(connection, 'mend')
    expect([mended.status, mended.body.code]).toEqual([424, 'connection_unauthorized'])
    expect(await news(connection)).toEqual([told('in_order', 'unknown', reason)])
  })

  test.each<[number, number, string]>([
    [500, 502, 'provider_error'],
    [429, 429, 'rate_limited'],
  ])('%d says nothing: %d for who asked, and what was known stays', async (mood, status, code) => {
    const connection = await linked()
    github.hook('shop', urlOf(connection))
    const before = await check(connection)
    github.moods.set('shop', mood)
    const answer = await asked(connection, 'check')
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(await show(connection)).toEqual(before)
    expect(await news(connection)).toEqual([])
  })

  test('silence ends when whoever waits for it goes', async () => {
    const connection = await linked()
    github.moods.set('shop', 'silent')
    const silence = new Promise<void>((resolve) => (github.onSilence = resolve))
    const stop = new AbortController()
    const caller = { id: 'x', isAdmin: true, projectId: null, environment: null, scopes: [], address: '' }
    const checked = platform.app.get(Registrations).check(caller, project, connection.id, stop.signal)
    await silence
    stop.abort()
    await expect(checked).rejects.toThrow('provider_timeout')
    expect(await show(connection)).toMatchObject({ reason: 'never_checked' })
  })
})

describe('who cannot be asked', () => {
  test('where the address travels with each call there is nothing to register, and nothing to mend', async () => {
    const tap = await a.connection(project)
    for (const found of [await show(tap), await check(tap)]) {
      expect(found).toMatchObject({
        url: urlOf(tap),
        state: 'per_call',
        reason: null,
        checked_at: null,
        registered: [],
        can_be_mended: false,
      })
      expect(found.what_to_do).toContain('post.url')
    }
    const answer = await asked(tap, 'mend')
    expect([answer.status, answer.body.code]).toEqual([422, 'unsupported'])
  })

  test('without a repository it is said what to set', async () => {
    const connection = await linked({ config: { repository: 'no such form!' } })
    const found = await check(connection)
    expect(found).toMatchObject({ state: 'unknown', reason: 'config_missing', can_be_mended: false })
    expect(found.what_to_do).toContain('config.repository')
    expect((await asked(connection, 'mend')).body).toMatchObject({ status: 409, code: 'invalid_state' })
    expect(github.asked).toEqual([])
  })

  test('without a webhook secret nothing is registered: it would be refused here', async () => {
    const connection = await linked({ credentials: { token: `ghp_${'a'.repeat(36)}` } })
    expect(await check(connection)).toMatchObject({ state: 'missing', can_be_mended: false })
    const answer = await asked(connection, 'mend')
    expect([answer.status, answer.text]).toEqual([409, expect.stringContaining('webhook_secret')])
    expect(github.hooks.size).toBe(0)
  })

  test('a connection that is suspended or ended is not asked about', async () => {
    const connection = await linked()
    github.hook('shop', urlOf(connection))
    await check(connection)
    const path = `/v1/projects/${project}/connections/${connection.id}`
    await platform.call('PATCH', path, { body: { status: 'suspended' } })
    expect(await check(connection)).toMatchObject({ state: 'unknown', reason: 'not_connected' })
    await platform.call('DELETE', path)
    expect(await check(connection)).toMatchObject({ state: 'unknown', reason: 'not_connected' })
  })
})

describe('the task webhook-registrations', () => {
  test('finds drift, tells of it once, and mends nothing by itself', async () => {
    const [good, drifted] = [await linked(), await linked()]
    github.hook('shop', urlOf(good))
    const hook = github.hook('shop', urlOf(drifted), { active: false })
    expect(await run()).toEqual({ checked: 2, drifted: 1, mended: 0, failed: 0 })
    expect(await run()).toMatchObject({ checked: 2, drifted: 1 })
    expect([await news(good), await news(drifted)]).toEqual([[], [told('unknown', 'inactive')]])
    expect(hook.active).toBe(false)
  })

  test('mends where the connection’s config says so', async () => {
    const connection = await linked({ config: { repository: 'acme/shop', mend_webhook: true } })
    expect(await run()).toEqual({ checked: 1, drifted: 0, mended: 1, failed: 0 })
    expect(await show(connection)).toMatchObject({ state: 'in_order' })
    const [entry] = await sql(
      platform.database.url,
      "SELECT actor FROM audit_log WHERE subject = $1 AND action = 'connection.webhook_mended'",
      [connection.id],
    )
    expect(entry).toEqual({ actor: 'platform' })
  })

  test('one provider that is ill does not keep the others from being checked', async () => {
    const [ill, good] = [await linked({ config: { repository: 'acme/ill' } }), await linked()]
    github.hook('shop', urlOf(good))
    github.moods.set('ill', 500)
    expect(await run()).toEqual({ checked: 1, drifted: 0, mended: 0, failed: 1 })
    expect([(await show(ill)).state, (await show(good)).state]).toEqual(['unknown', 'in_order'])
  })
})

test('what a host application wrote about webhooks stays, and is not taken for what was found', async () => {
  const connection = await linked()
  await sql(
    platform.database.url,
    `INSERT INTO integration_webhook_configs (connection_id, webhook_id, endpoint_url)
     VALUES ($1, NULL, 'https://host.example/a'), ($1, 'theirs', 'https://host.example/b')`,
    [connection.id],
  )
  const hook = github.hook('shop', urlOf(connection))
  expect((await check(connection)).registered.map(({ id }) => id)).toEqual([String(hook.id)])
  github.hooks.clear()
  expect((await check(connection)).registered).toEqual([])
  const rows = await sql<{ webhook_id: string | null }>(
    platform.database.url,
    'SELECT webhook_id FROM integration_webhook_configs ORDER BY webhook_id',
  )
  expect(rows).toEqual([{ webhook_id: 'theirs' }, { webhook_id: null }])
})
