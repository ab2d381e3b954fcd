import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Tasks } from '@app/jobs'
import { FindGaps } from '../../libs/webhooks/src/gaps/find-gaps.ts'
import { eventually } from '../support/child.ts'
import { sql } from '../support/database.ts'
import { type Connected, makers, TAP_CHARGE } from '../support/makers.ts'
import { deliver, PlayedGithub, type PlayedHook } from '../support/played-github.ts'
import { PlayedProvider } from '../support/played-provider.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const SECRET = 'a webhook secret'
const MINUTE = 60_000
let platform: TestPlatform
let a: ReturnType<typeof makers>
let github: PlayedGithub
let tap: PlayedProvider
let project: string
beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  github = await PlayedGithub.start(platform)
  tap = await PlayedProvider.start(platform, 'https://api.tap.company')
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
  await tap.stop()
})

const linked = (repository: string | null = 'shop', of = project, fields = {}): Promise<Connected> =>
  a.connection(of, {
    provider: 'github',
    credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: SECRET },
    ...(repository !== null && { config: { repository: `acme/${repository}` } }),
    ...fields,
  })
const urlOf = ({ path }: Connected): string => `https://wasl.example${path}`
const find = () => platform.app.get(Tasks).run('find-gaps')
const arrive = (hook: PlayedHook, guid: string): Promise<unknown> =>
  deliver(platform, hook.config.url, github.happened(hook, guid), SECRET)
const events = (connection: Connected) =>
  sql<{ id: string; event_id: string; trust: string; status: string; source_ip: string | null }>(
    platform.database.url,
    'SELECT id, event_id, trust, status, source_ip, headers FROM integration_events WHERE connection_id = $1 ORDER BY event_id',
    [connection.id],
  )
const guids = async (connection: Connected): Promise<string[]> =>
  (await events(connection)).map(({ event_id }) => event_id)
const lookedUntil = async ({ id }: Connected): Promise<Date | undefined> => {
  const rows = await sql<{ checked_until: Date }>(
    platform.database.url,
    'SELECT checked_until FROM webhook_gap_checks WHERE connection_id = $1',
    [id],
  )
  return rows[0]?.checked_until
}

describe('find-gaps', () => {
  test('finds nothing where everything arrived, and asks for no body', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    for (const guid of ['a', 'b', 'c', 'd', 'e']) await arrive(hook, guid)
    expect(await find()).toEqual({ connections: 1, unasked: 0, listed: 5, found: 0, failed: 0 })
    expect(github.asked.filter((call) => /deliveries\/\d/.test(call))).toEqual([])
    expect(await lookedUntil(connection)).toBeInstanceOf(Date)
  })

  test('three of five never arrived: three events like any other, and a second look finds none', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    await arrive(hook, 'a')
    for (const guid of ['b', 'c', 'd']) github.happened(hook, guid)
    await arrive(hook, 'e')
    expect(await find()).toMatchObject({ listed: 5, found: 3, failed: 0 })
    expect(github.asked.filter((call) => /deliveries\/\d/.test(call))).toHaveLength(3)
    const kept = await events(connection)
    expect(kept.map(({ event_id, trust }) => [event_id, trust])).toEqual([
      ['a', 'body_signed'],
      ['b', 'fetched'],
      ['c', 'fetched'],
      ['d', 'fetched'],
      ['e', 'body_signed'],
    ])
    expect(kept[1]).toMatchObject({
      status: 'pending',
      source_ip: null,
      headers: { 'x-github-event': 'push', 'x-github-delivery': 'b', 'content-type': 'application/json' },
    })
    const path = `/v1/projects/${project}/events/${kept[1]!.id}`
    expect((await platform.call('GET', path)).body).toMatchObject({
      type: 'push',
      provider_event_id: 'b',
      trust: 'fetched',
    })
    expect((await platform.call('GET', `${path}/body?reason=x`)).text).toBe('{"ref":"b"}')

    expect(await find()).toMatchObject({ found: 0, failed: 0 })
    expect(await guids(connection)).toHaveLength(5)
    expect((await platform.call('GET', '/metrics', { key: null })).text).toMatch(
      /wasl_webhook_gaps_found_total\{provider="github"\} [1-9]/,
    )
  })

  test('one that arrives while it is being fetched is one event, the one that came', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    github.happened(hook, 'late')
    github.onBody = async (delivery) => {
      expect((await deliver(platform, hook.config.url, delivery, SECRET)).body).toMatchObject({
        duplicate: false,
      })
    }
    expect(await find()).toMatchObject({ listed: 1, found: 0, failed: 0 })
    expect(await events(connection)).toMatchObject([{ event_id: 'late', trust: 'body_signed' }])
  })

  test('one that was fetched and arrives later is a duplicate', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    const delivery = github.happened(hook, 'late')
    expect(await find()).toMatchObject({ found: 1 })
    const [event] = await events(connection)
    const answer = await deliver(platform, hook.config.url, delivery, SECRET)
    expect([answer.status, answer.body]).toEqual([200, { event_id: event?.id, duplicate: true }])
  })

  test('what an address sent to that has been replaced since was ours, what another connection was sent is not', async () => {
    const [connection, other] = [await linked(), await linked('shop', await a.project())]
    const hook = github.hook('shop', urlOf(connection))
    github.happened(hook, 'mine')
    github.happened(github.hook('shop', urlOf(other)), 'theirs')
    github.happened(
      github.hook('shop', 'https://ci.example/webhooks/github/0123456789abcdef0123'),
      'elsewhere',
    )
    const rotate = `/v1/projects/${project}/connections/${connection.id}/webhook/rotate`
    expect((await platform.call('POST', rotate)).status).toBe(200)
    expect(await find()).toMatchObject({ connections: 2, listed: 2, found: 2 })
    expect([await guids(connection), await guids(other)]).toEqual([['mine'], ['theirs']])
  })

  test('looks back to the last look, and three days at most', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    github.happened(hook, 'ancient', new Date(Date.now() - 73 * 60 * MINUTE))
    github.happened(hook, 'old', new Date(Date.now() - 71 * 60 * MINUTE))
    expect(await find()).toMatchObject({ listed: 1, found: 1 })
    github.happened(hook, 'recent', new Date(Date.now() - 50 * MINUTE))
    expect(await find()).toMatchObject({ listed: 1, found: 1 })
    expect(await guids(connection)).toEqual(['old', 'recent'])
  })
})

describe('a provider that does not help', () => {
  test.each<[string, number | 'silent']>([
    ['forbids it', 403],
    ['says there is no such thing', 404],
    ['is ill', 500],
  ])('%s: that connection is looked through another time, the others now', async (_, mood) => {
    const [ill, well] = [await linked('ill'), await linked('well')]
    github.happened(github.hook('ill', urlOf(ill)), 'ill')
    github.happened(github.hook('well', urlOf(well)), 'well')
    github.moods.set('ill', mood)
    expect(await find()).toMatchObject({ connections: 2, found: 1, failed: 1 })
    expect([await guids(ill), await guids(well)]).toEqual([[], ['well']])
    expect(await lookedUntil(ill)).toBeUndefined()
    github.moods.clear()
    // As long ago as it was: the look that failed did not count.
    expect(await find()).toMatchObject({ failed: 0, found: 1 })
    expect(await guids(ill)).toEqual(['ill'])
  })

  test('says nothing at all: the others are looked through meanwhile, and the end is not waited for', async () => {
    const [mute, well] = [await linked('mute'), await linked('well')]
    github.happened(github.hook('mute', urlOf(mute)), 'mute')
    github.happened(github.hook('well', urlOf(well)), 'well')
    github.moods.set('mute', 'silent')
    const silence = new Promise<void>((resolve) => (github.onSilence = resolve))
    const body = new Promise<void>((resolve) => {
      github.onBody = () => Promise.resolve(resolve())
    })
    const stop = new AbortController()
    const run = platform.app.get(FindGaps).run({ signal: stop.signal })
    await Promise.all([silence, body])
    await eventually(
      () => lookedUntil(well),
      (until) => until !== undefined,
      10_000,
    )
    stop.abort()
    expect(await run).toMatchObject({ connections: 2, found: 1, failed: 0 })
    expect(await lookedUntil(mute)).toBeUndefined()
  })

  test('cannot show one body: the others are fetched, and that one is asked for again', async () => {
    const connection = await linked()
    const hook = github.hook('shop', urlOf(connection))
    const [, broken] = ['a', 'b', 'c'].map((guid) => github.happened(hook, guid))
    github.broken.set(broken!.id, 500)
    expect(await find()).toMatchObject({ listed: 3, found: 2, failed: 1 })
    expect(await guids(connection)).toEqual(['a', 'c'])
    github.broken.set(broken!.id, 404)
    // It is gone over there, so nothing is left to be found.
    expect(await find()).toMatchObject({ found: 0, failed: 0 })
    expect(await lookedUntil(connection)).toBeInstanceOf(Date)
  })

  test('is not asked without a repository, nor for a connection that is not connected', async () => {
    const [, suspended, disconnected] = [await linked(null), await linked(), await linked()]
    const path = ({ id }: Connected): string => `/v1/projects/${project}/connections/${id}`
    await platform.call('PATCH', path(suspended), { body: { status: 'suspended' } })
    await platform.call('DELETE', path(disconnected))
    expect(await find()).toEqual({ connections: 1, unasked: 1, listed: 0, found: 0, failed: 0 })
    expect(github.asked).toEqual([])
  })

  test('of a project that is deleted is not asked', async () => {
    const connection = await linked()
    github.happened(github.hook('shop', urlOf(connection)), 'a')
    await platform.call('DELETE', `/v1/projects/${project}`)
    expect(await find()).toMatchObject({ connections: 0, found: 0 })
  })
})

test('where there is no list of deliveries, what should have been posted is found among what there is', async () => {
  const connection = await a.connection(project)
  const charge = { ...(JSON.parse(TAP_CHARGE) as object), post: { status: 'ERROR', url: urlOf(connection) } }
  tap.answer = (request, response) => {
    const list = { has_more: false, charges: request.url === '/v2/charges/list' ? [charge] : [] }
    response.end(JSON.stringify(request.method === 'POST' ? list : charge))
  }
  expect(await find()).toMatchObject({ connections: 1, listed: 1, found: 1 })
  expect(await events(connection)).toMatchObject([
    { event_id: 'charge:chg_TS01A0120261000Vec10001:CAPTURED', trust: 'fetched', status: 'pending' },
  ])
  expect(await find()).toMatchObject({ listed: 1, found: 0 })
  expect(tap.seen.every(({ headers }) => headers.authorization?.startsWith('Bearer sk_test_'))).toBe(true)
})
