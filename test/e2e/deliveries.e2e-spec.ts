import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { LoggerService } from '@nestjs/common'
import { newId } from '@app/http'
import { Tasks } from '@app/jobs'
import { Outbox } from '@app/outbox'
import { eventually } from '../support/child.ts'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { PlayedProvider } from '../support/played-provider.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { idsAt, tell, tellAll, verified } from '../support/teller.ts'

const OPERATOR = 'https://alerts.example'
let platform: TestPlatform
let a: ReturnType<typeof makers>
let app: PlayedProvider
let operator: PlayedProvider
let project: string
const said: unknown[] = []
const secrets: string[] = []
const made: PlayedProvider[] = []

beforeAll(async () => {
  const hear = (...line: unknown[]): void => void said.push(line)
  const logger = { log: hear, error: hear, warn: hear, debug: hear, verbose: hear } as LoggerService
  const environment = {
    ...{ ROLES: 'api,worker', OUTBOUND_ALLOWED_CIDRS: '127.0.0.1/32' },
    NOTICE_URL: `${OPERATOR}/hooks/canary-7f3e9`,
  }
  platform = await startPlatform(environment, logger)
  operator = await PlayedProvider.start(platform, OPERATOR)
  a = makers(platform)
})
beforeEach(async () => {
  project = await a.project()
  app = await receiver()
  operator.seen.length = 0
})
afterEach(async () => {
  // What is still on its way must not be sent into the next test.
  await rows("UPDATE destination_deliveries SET status = 'cancelled', lease_token = lease_token + 1")
  await Promise.all(made.splice(0).map((one) => one.stop()))
})
afterAll(async () => {
  await platform.stop()
  await operator.stop()
  delete process.env.NOTICE_URL
})

interface Made extends Record<string, any> {
  id: string
  secret: string
}
async function receiver(): Promise<PlayedProvider> {
  const one = await PlayedProvider.start()
  made.push(one)
  return one
}
const call = (method: string, path: string, body?: object, key?: string) =>
  platform.call<Record<string, any>>(method, `/v1/projects/${project}${path}`, {
    ...(body && { body }),
    ...(key !== undefined && { key }),
  })
async function destination(fields: object = {}): Promise<Made> {
  const { status, body, text } = await call('POST', '/destinations', { url: `${app.url}/hooks`, ...fields })
  if (status !== 201) throw new Error(text)
  secrets.push(body.secret as string)
  return body as Made
}
const rows = (what: string, values: unknown[] = []) =>
  sql<Record<string, any>>(platform.database.url, what, values)
const answers = (status: number, headers = {}, body = '') => {
  app.answer = (_, response) => response.writeHead(status, headers).end(body)
}
/** Something that becomes true by itself, soon. */
async function soon<T>(question: () => T | Promise<T>, content: (answer: T) => boolean): Promise<T> {
  const { answer } = await eventually(async () => question(), content, 8_000)
  if (!content(answer)) throw new Error(`it is still ${JSON.stringify(answer)}`)
  return answer
}
const arrived = (count: number, at = app) =>
  soon(
    () => at.seen.length,
    (seen) => seen >= count,
  )
const deliveries = async (query = ''): Promise<Record<string, any>[]> =>
  (await call('GET', `/deliveries${query}`)).body.data
const becomes = (status: string, query = '') =>
  soon(
    () => deliveries(query),
    (all) => all.length > 0 && all.every((one) => one.status === status),
  )
/** As if the time of what waits had come. */
const now = async (): Promise<void> => {
  await rows(
    "UPDATE destination_deliveries SET next_retry_at = now() WHERE status IN ('pending', 'retrying')",
  )
  platform.app.get(Outbox).committed()
}

describe('an event', () => {
  test('arrives as it is, verifies, and is shown as delivered', async () => {
    const { id, secret } = await destination()
    answers(200, {}, '{"ok":true}')
    const event = await tell(platform, project, { subject: 'an object', data: DATA })
    await arrived(1)
    const { method, url, headers } = app.last
    expect([method, url, headers['content-type']]).toEqual(['POST', '/hooks', 'application/cloudevents+json'])
    expect(headers['webhook-id']).toBe(event)
    expect(verified(secret, app.last)).toMatchObject({
      ...{ specversion: '1.0', id: event, type: 'code.pushed', subject: 'an object', provider: 'github' },
      ...{ source: `/v1/projects/${project}`, environment: 'dev', projectid: project, data: DATA },
      dataschema: 'https://wasl.example/schemas/events/code.pushed/1',
    })
    const [delivery] = await becomes('delivered')
    expect(delivery).toMatchObject({
      ...{ destination_id: id, status: 'delivered', attempts: 1, error: null, replay_id: null },
      event: { id: event, type: 'code.pushed', subject: 'an object', provider: 'github', event_id: null },
    })
    const whole = (await call('GET', `/deliveries/${delivery?.id}`)).body
    expect(whole).toMatchObject({
      ...delivery,
      tries: [{ attempt: 1, outcome: 'delivered', response_status: 200, response_excerpt: '{"ok":true}' }],
    })
    expect((await call('GET', `/destinations/${id}`)).body.last_success_at).toEqual(expect.any(String))
    const { text } = await platform.call('GET', '/metrics', { key: null })
    expect(text).toMatch(/wasl_deliveries_total\{kind="http",outcome="delivered"\} \d/)
    expect(text).toContain('wasl_delivery_seconds_count{kind="http"}')
  })

  test('goes where it is wanted, and nowhere else', async () => {
    const other = await receiver()
    const wanted = await destination({
      types: ['payment.*'],
      providers: ['tap_payments'],
      environment: 'prod',
    })
    await destination({ url: `${other.url}/`, types: ['code.pushed'] })
    const captured = { type: 'payment.captured', environment: 'prod', provider: 'tap_payments' } as const
    const [hit] = await tellAll(platform, project, [
      captured,
      { ...captured, environment: 'dev' },
      { ...captured, provider: 'tabby' },
      { ...captured, type: 'refund.created' },
      {},
    ])
    await becomes('delivered')
    expect(idsAt(app)).toEqual([hit])
    expect(other.seen).toHaveLength(1)
    expect(await deliveries(`?destination_id=${wanted.id}`)).toHaveLength(1)
  })

  test('that is undone was never sent', async () => {
    await destination()
    const twice = newId()
    const undone = tellAll(platform, project, [{ id: twice }, { id: twice, subject: 'a\0b' }])
    await expect(undone).rejects.toThrow()
    const event = await tell(platform, project)
    await arrived(1)
    expect(idsAt(app)).toEqual([event])
  })

  test('goes to where the destination is now, signed with what it has now', async () => {
    const { id, secret } = await destination()
    await tell(platform, project)
    await arrived(1)
    const elsewhere = await receiver()
    await call('PATCH', `/destinations/${id}`, { url: `${elsewhere.url}/` })
    const rotated = (await call('POST', `/destinations/${id}/rotate-secret`)).body.secret as string
    secrets.push(rotated)
    // NOTIFY is fast, and five seconds are promised.
    await soon(
      async () => {
        await tell(platform, project)
        await becomes('delivered')
        return elsewhere.seen.at(-1)?.headers['webhook-signature'] ?? ''
      },
      (signature) => String(signature).split(' ').length === 2,
    )
    for (const one of [secret, rotated]) expect(verified(one, elsewhere.last).type).toBe('code.pushed')
  })
})

describe('what fails', () => {
  test('is tried again: the same bytes under the same id, signed anew', async () => {
    const { id, secret } = await destination()
    answers(500, {}, 'secret=canary-7f3e9')
    await tell(platform, project)
    const [failed] = await becomes('retrying')
    expect(failed).toMatchObject({ attempts: 1, error: 'http_500' })
    const wait = Date.parse(failed?.next_attempt_at as string) - Date.now()
    expect(wait).toBeGreaterThan(1_000)
    expect(wait).toBeLessThan(6_500)
    expect((await call('GET', `/destinations/${id}`)).body.failing_since).toEqual(expect.any(String))

    answers(204)
    // As if some time had passed.
    await rows("UPDATE destination_deliveries SET next_retry_at = now() + interval '1.2 seconds'")
    const [delivery] = await becomes('delivered')
    expect(delivery).toMatchObject({ attempts: 2, error: null, next_attempt_at: null })
    const [first, second] = app.seen
    expect(second?.body).toEqual(first?.body)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(Number(second?.headers['webhook-timestamp'])).toBeGreaterThan(
      Number(first?.headers['webhook-timestamp']),
    )
    for (const seen of app.seen) expect(verified(secret, seen).id).toBe(first?.headers['webhook-id'])
    const { tries } = (await call('GET', `/deliveries/${delivery?.id}`)).body
    expect(tries).toMatchObject([
      {
        attempt: 1,
        outcome: 'http_500',
        response_status: 500,
        response_excerpt: expect.stringMatching(/^secret=/),
      },
      { attempt: 2, outcome: 'delivered', response_status: 204, response_excerpt: null },
    ])
    expect((await call('GET', `/destinations/${id}`)).body.failing_since).toBeNull()
  })

  test('waits as long as is asked for, to twice its step', async () => {
    await destination()
    answers(503, { 'retry-after': '9' })
    await tell(platform, project)
    const [{ next_attempt_at: next } = { next_attempt_at: '' }] = await becomes('retrying')
    const wait = Date.parse(next as string) - Date.now()
    expect(wait).toBeGreaterThan(6_000)
    expect(wait).toBeLessThan(9_500)
  })

  test('eleven times is a dead letter, and not before', async () => {
    await destination()
    app.answer = (request) => request.socket.destroy()
    await tell(platform, project)
    await becomes('retrying')
    for (let attempt = 2; attempt <= 11; attempt++) {
      await now()
      await soon(
        () => deliveries(),
        ([one]) => one?.attempts === attempt && one.status !== 'processing',
      )
      expect((await deliveries())[0]?.status).toBe(attempt === 11 ? 'dead_letter' : 'retrying')
    }
    const [{ id } = { id: '' }] = await deliveries('?status=dead_letter')
    const { tries } = (await call('GET', `/deliveries/${id}`)).body
    expect(tries.map(({ attempt, outcome }: any) => [attempt, outcome])).toEqual(
      Array.from({ length: 11 }, (_, n) => [n + 1, 'broken_answer']),
    )
  })

  test('of one object holds back what comes after it; other objects and destinations go on', async () => {
    const other = await receiver()
    await destination({ ordered: true })
    await destination({ url: `${other.url}/` })
    app.answer = (_, response, body) => {
      const { subject } = JSON.parse(body.toString()) as { subject: string }
      response.writeHead(subject === 'a' ? 500 : 204).end()
    }
    const subjects = ['a', 'b', 'a', 'b', 'a', 'b']
    const ids = await tellAll(
      platform,
      project,
      subjects.map((subject) => ({ subject })),
    )
    const of = (subject: string): string[] => ids.filter((_, n) => subjects[n] === subject)
    await arrived(6, other)
    await arrived(4)
    expect(idsAt(app).filter((id) => of('b').includes(id))).toEqual(of('b'))
    // Also what comes while it waits.
    const late = await tell(platform, project, { subject: 'a' })
    await arrived(7, other)
    expect(idsAt(app).filter((id) => !of('b').includes(id))).toEqual(of('a').slice(0, 1))
    answers(204)
    await now()
    await becomes('delivered')
    expect(idsAt(app).filter((id) => !of('b').includes(id))).toEqual([of('a')[0], ...of('a'), late])
  })

  test('for lack of an answer keeps nobody else waiting', async () => {
    app.answer = () => undefined
    await destination()
    const well = await receiver()
    await destination({ url: `${well.url}/`, types: ['issue.opened'] })
    await tellAll(
      platform,
      project,
      Array.from({ length: 200 }, () => ({})),
    )
    await arrived(16)
    const started = performance.now()
    const ids = await tellAll(
      platform,
      project,
      Array.from({ length: 50 }, () => ({ type: 'issue.opened' as const })),
    )
    await soon(
      () => new Set(idsAt(well)),
      (seen) => ids.every((id) => seen.has(id)),
    )
    // Less than one of those that hang takes.
    expect(performance.now() - started).toBeLessThan(8_000)
    expect(app.seen.length).toBeLessThan(50)
  })

  test('with its worker is taken up again', async () => {
    await destination()
    await tell(platform, project)
    await becomes('delivered')
    await rows(
      `UPDATE destination_deliveries SET status = 'processing', lease_until = now() - interval '1 second', delivered_at = NULL
       WHERE status = 'delivered'`,
    )
    const outcome = await platform.app.get(Tasks).run('event-rescue')
    expect(outcome).toMatchObject({ deliveries_again: 1, deliveries_dead_letter: 0, deliveries_cancelled: 0 })
    const [delivery] = await becomes('delivered')
    expect([delivery?.attempts, app.seen.length]).toEqual([2, 2])
  })
})

describe('a destination', () => {
  test('that says 410 is disabled, and everybody who should know is told', async () => {
    const others = await receiver()
    const gone = await destination({ environment: 'dev' })
    const other = await destination({ url: `${others.url}/`, types: ['destination.disabled'] })
    operator.answer = (_, response) => response.writeHead(operator.seen.length > 1 ? 204 : 500).end()
    answers(410)
    await tell(platform, project)
    await arrived(1, others)
    const news = verified(other.secret, others.last)
    expect(news).toMatchObject({
      ...{ type: 'destination.disabled', subject: gone.id, environment: 'dev' },
      data: {
        object: { id: gone.id, status: 'disabled', disabled_reason: 'gone' },
        ...{ previous: { status: 'enabled' }, version: 2, trust: 'observed' },
      },
    })
    expect(JSON.stringify(news)).not.toContain(gone.secret)
    expect(await deliveries(`?destination_id=${gone.id}`)).toMatchObject([
      { status: 'dead_letter', error: 'gone', attempts: 1 },
    ])
    // The first try was not taken, so there is a second one.
    await arrived(2, operator)
    expect(operator.last.url).toBe('/hooks/canary-7f3e9')
    expect(JSON.parse(operator.last.body.toString())).toEqual({
      ...{ what: 'destination.disabled', when: expect.any(String), reason: 'gone' },
      ...{ project_id: project, environment: 'dev', destination_id: gone.id },
    })
    const deeds = await rows('SELECT actor, action, details FROM audit_log WHERE subject = $1 ORDER BY at', [
      gone.id,
    ])
    expect(deeds.at(-1)).toEqual({
      ...{ actor: 'platform', action: 'destination.disabled', details: { reason: 'gone' } },
    })
    expect(JSON.stringify(said)).toContain('destination disabled')
  })

  test('to which nothing came through for five days is disabled; enabled, what waited goes', async () => {
    const { id } = await destination()
    answers(500)
    const event = await tell(platform, project)
    await becomes('retrying')
    const age = (days: string) =>
      rows('UPDATE destinations SET failing_since = now() - $2::interval WHERE id = $1', [id, days])
    await age('4 days 23 hours')
    const run = () => platform.app.get(Tasks).run('failing-destinations')
    expect(await run()).toEqual({ disabled: 0 })
    await age('5 days 1 minute')
    expect(await run()).toEqual({ disabled: 1 })
    expect(await run()).toEqual({ disabled: 0 })
    const shown = (await call('GET', `/destinations/${id}`)).body
    expect(shown).toMatchObject({ status: 'disabled', disabled_reason: 'failing' })

    await tell(platform, project)
    await now()
    answers(204)
    // A second destination shows that the worker was there and passed it by.
    const witness = await receiver()
    await destination({ url: `${witness.url}/` })
    await tell(platform, project)
    await arrived(1, witness)
    expect(idsAt(app)).toEqual([event])
    await call('PATCH', `/destinations/${id}`, { status: 'enabled' })
    await arrived(2)
    expect(idsAt(app)).toEqual([event, event])
    expect((await call('GET', `/destinations/${id}`)).body.failing_since).toBeNull()
  })

  test('that is deleted gets nothing of what waited', async () => {
    const { id } = await destination()
    answers(500)
    await tell(platform, project)
    await becomes('retrying')
    expect((await call('DELETE', `/destinations/${id}`)).status).toBe(204)
    expect(await deliveries()).toMatchObject([{ status: 'cancelled', next_attempt_at: null }])
    await tell(platform, project)
    expect(await deliveries()).toHaveLength(1)
    expect(app.seen).toHaveLength(1)
  })
})

describe('sent again', () => {
  test('a delivery is another one of the same event, at once and audited', async () => {
    const { id, secret } = await destination()
    const event = await tell(platform, project)
    const [first] = await becomes('delivered')
    const again = await call('POST', `/deliveries/${first?.id}/resend`)
    expect(again.status).toBe(201)
    expect(again.body).toMatchObject({
      ...{ destination_id: id, attempts: 0, status: 'pending', event: first?.event },
      replay_id: expect.any(String),
    })
    await arrived(2)
    expect(idsAt(app)).toEqual([event, event])
    expect(verified(secret, app.last).id).toBe(event)
    await becomes('delivered')
    expect((await deliveries()).map((one) => one.id)).toEqual([again.body.id, first?.id])
    const deeds = await rows(
      "SELECT details FROM audit_log WHERE action = 'delivery.resent' AND subject = $1",
      [first?.id],
    )
    expect(deeds).toEqual([{ details: { delivery: again.body.id } }])
  })

  test('not to a destination that is disabled or deleted', async () => {
    const { id } = await destination()
    await tell(platform, project)
    const [first] = await becomes('delivered')
    const refused = async (): Promise<unknown[]> => {
      const { status, body } = await call('POST', `/deliveries/${first?.id}/resend`)
      return [status, body.code]
    }
    await call('PATCH', `/destinations/${id}`, { status: 'disabled' })
    expect(await refused()).toEqual([409, 'invalid_state'])
    await call('DELETE', `/destinations/${id}`)
    expect(await refused()).toEqual([409, 'invalid_state'])
    expect(await deliveries()).toHaveLength(1)
  })
})

describe('the list', () => {
  test('by destination, status, event, type and time; page by page', async () => {
    const [one, two] = [await destination(), await destination()]
    const source = newId()
    const [pushed, opened] = await tellAll(platform, project, [
      { eventId: source },
      { type: 'issue.opened', eventId: source },
    ])
    await becomes('delivered')
    const third = await tell(platform, project)
    const all = await soon(
      () => deliveries(),
      (found) => found.length === 6 && found.every(({ status }) => status === 'delivered'),
    )
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id as string)
        .sort()
        .reverse(),
    )
    const ids = async (query: string): Promise<number[]> => {
      const found = await deliveries(query)
      return found.map(({ id }) => all.findIndex((delivery) => delivery.id === id)).sort()
    }
    const where = (is: (delivery: any) => boolean): number[] =>
      all.flatMap((delivery, n) => (is(delivery) ? [n] : []))
    expect(await ids(`?destination_id=${one.id}`)).toEqual(where((d) => d.destination_id === one.id))
    expect(await ids(`?destination_id=${two.id}&status=delivered`)).toHaveLength(3)
    expect(await ids('?status=dead_letter')).toEqual([])
    expect(await ids(`?event_id=${pushed}`)).toEqual(where((d) => d.event.id === pushed))
    expect(await ids(`?event_id=${source}`)).toEqual(where((d) => d.event.event_id === source))
    expect(await ids('?type=issue.opened')).toEqual(where((d) => d.event.id === opened))
    const moment = all.find((delivery) => delivery.event.id === third)?.created_at as string
    expect(await ids(`?from=${moment}`)).toEqual(where((d) => d.event.id === third))
    expect(await ids(`?to=${moment}`)).toEqual(where((d) => d.event.id !== third))
    const pages: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body }: { body: Record<string, any> } = await call(
        'GET',
        `/deliveries?limit=4${cursor && `&cursor=${cursor}`}`,
      )
      pages.push(...body.data.map(({ id }: { id: string }) => id))
      cursor = body.next_cursor
    }
    expect(pages).toEqual(all.map(({ id }) => id))
  })

  test("shows another project's and another environment's to nobody", async () => {
    await destination()
    await tell(platform, project)
    const [{ id } = { id: '' }] = await becomes('delivered')
    const key = await a.key(project, { environment: 'prod', scopes: ['read', 'write'] })
    const own = await a.key(project, { environment: 'dev', scopes: ['read', 'write'] })
    expect((await call('GET', '/deliveries', undefined, key)).body.data).toEqual([])
    expect((await call('GET', '/deliveries', undefined, own)).body.data).toHaveLength(1)
    expect((await call('GET', `/deliveries/${id}`, undefined, own)).status).toBe(200)
    const home = project
    const refusals = [
      await call('GET', `/deliveries/${id}`, undefined, key),
      await call('POST', `/deliveries/${id}/resend`, undefined, key),
    ]
    project = await a.project()
    const stranger = await a.key(project, { scopes: ['read', 'write'] })
    for (const path of [`/deliveries/${id}`, `/deliveries/${id}/resend`])
      refusals.push(await call(path.endsWith('resend') ? 'POST' : 'GET', path, undefined, stranger))
    project = home
    refusals.push(await call('GET', `/deliveries/${id}`, undefined, stranger))
    expect(refusals.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    expect(app.seen).toHaveLength(1)
  })

  test('refuses what it does not know', async () => {
    for (const query of ['status=lost', 'event_id=x', 'from=yesterday', 'who=me', 'limit=201', 'cursor=x'])
      expect([query, (await call('GET', `/deliveries?${query}`)).status]).toEqual([query, 400])
  })
})

// At the end: of everything that was said above.
test('no secret and no answer’s secret is in a log line or a row', async () => {
  const tables = [
    'destinations',
    'audit_log',
    'destination_deliveries',
    'delivery_attempts',
    'outgoing_events',
  ]
  const kept = await Promise.all(tables.map((table) => rows(`SELECT * FROM ${table}`)))
  const everything = JSON.stringify([said, kept])
  expect(secrets.length).toBeGreaterThan(10)
  for (const secret of [...secrets, 'canary-7f3e9']) expect(everything).not.toContain(secret)
})

const DATA = {
  object: { id: 'o', title: 'رفع', amount: 12_500, list: [1, { a: null }] },
  version: 3,
  previous: { amount: 10_000 },
  trust: 'confirmed' as const,
  late: false,
}
