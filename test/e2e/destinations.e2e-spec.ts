import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { LoggerService } from '@nestjs/common'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { PlayedProvider } from '../support/played-provider.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { verified } from '../support/teller.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let app: PlayedProvider
let project: string
const said: unknown[] = []
const secrets: string[] = []
const answers: string[] = []

beforeAll(async () => {
  const hear = (...line: unknown[]): void => void said.push(line)
  const logger = { log: hear, error: hear, warn: hear, debug: hear, verbose: hear } as LoggerService
  platform = await startPlatform({ OUTBOUND_ALLOWED_CIDRS: '127.0.0.1/32' }, logger)
  a = makers(platform)
  app = await PlayedProvider.start()
})
beforeEach(async () => {
  project = await a.project()
  app.seen.length = 0
  app.answer = (_, response) => response.writeHead(204).end()
})
afterAll(async () => {
  await app.stop()
  await platform.stop()
})

const call = async (method: string, path: string, body?: object, key?: string) => {
  const answer = await platform.call<Record<string, any>>(method, `/v1/projects/${project}${path}`, {
    ...(body && { body }),
    ...(key !== undefined && { key }),
  })
  const { secret } = answer.body ?? {}
  if (typeof secret === 'string') secrets.push(secret)
  answers.push(typeof secret === 'string' ? answer.text.replace(secret, '') : answer.text)
  return answer
}
const make = (fields: object = {}, key?: string) =>
  call('POST', '/destinations', { url: `${app.url}/hooks`, ...fields }, key)
const rows = (what: string) => sql<Record<string, any>>(platform.database.url, what)

describe('a destination', () => {
  test('is made, shown, changed and deleted; its secret is shown once', async () => {
    const made = await make({ name: 'Shop', environment: 'dev', types: ['payment.*', 'code.pushed'] })
    expect(made.status).toBe(201)
    const { secret, ...shown } = made.body
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(shown).toMatchObject({
      ...{ kind: 'http', url: `${app.url}/hooks`, name: 'Shop', environment: 'dev', status: 'enabled' },
      ...{ types: ['payment.*', 'code.pushed'], providers: [], ordered: false, schema_major: 1, version: 1 },
    })
    expect((await call('GET', `/destinations/${shown.id}`)).body).toEqual(shown)
    expect((await call('GET', '/destinations')).body.data).toEqual([shown])

    const changed = await call('PATCH', `/destinations/${shown.id}`, {
      ...{ name: null, ordered: true, providers: ['github'], url: `${app.url}/other#part` },
    })
    expect(changed.body).toMatchObject({
      ...{ name: null, ordered: true, providers: ['github'], url: `${app.url}/other`, version: 2 },
      types: ['payment.*', 'code.pushed'],
    })

    expect((await call('DELETE', `/destinations/${shown.id}`)).status).toBe(204)
    expect((await call('DELETE', `/destinations/${shown.id}`)).status).toBe(204)
    expect((await call('GET', `/destinations/${shown.id}`)).body).toMatchObject({ status: 'deleted' })
    expect((await call('GET', '/destinations')).body.data).toEqual([])
    expect((await call('GET', '/destinations?status=deleted')).body.data).toHaveLength(1)
    expect(await rows(`SELECT secrets FROM destinations WHERE id = '${shown.id}'`)).toEqual([
      { secrets: null },
    ])
    for (const [method, path] of [
      ['PATCH', ''],
      ['POST', '/rotate-secret'],
      ['POST', '/test'],
    ] as const) {
      const refused = await call(method, `/destinations/${shown.id}${path}`, {})
      expect([path, refused.status, refused.body.code]).toEqual([path, 409, 'invalid_state'])
    }
  })

  test('is disabled and enabled by hand, and has its time anew', async () => {
    const { id } = (await make()).body
    const off = await call('PATCH', `/destinations/${id}`, { status: 'disabled' })
    expect(off.body).toMatchObject({ status: 'disabled', disabled_reason: 'by_user' })
    await rows(`UPDATE destinations SET failing_since = now() - interval '3 days' WHERE id = '${id}'`)
    const on = await call('PATCH', `/destinations/${id}`, { status: 'enabled' })
    expect(on.body).toMatchObject({ status: 'enabled', disabled_reason: null, failing_since: null })
  })

  test('fifty a project and environment, also when many come at once for the last place', async () => {
    await rows(
      `INSERT INTO destinations (project_id, environment, url, status)
       SELECT '${project}', 'dev', 'https://app.example/', CASE WHEN n > 49 THEN 'deleted' ELSE 'disabled' END
       FROM generate_series(1, 60) n`,
    )
    const tries = await Promise.all(Array.from({ length: 4 }, () => make({ environment: 'dev' })))
    expect(tries.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422])
    expect(tries.find(({ status }) => status === 422)?.body.code).toBe('quota_exceeded')
    expect([(await make()).status, (await make({ environment: 'prod' })).status]).toEqual([201, 201])
  })

  test('whatever is done to it is in the audit, without values', async () => {
    const { id } = (await make()).body
    await call('PATCH', `/destinations/${id}`, { url: `${app.url}/canary` })
    await call('POST', `/destinations/${id}/rotate-secret`, {})
    await call('POST', `/destinations/${id}/test`, {})
    await call('DELETE', `/destinations/${id}`)
    const deeds = await rows(
      `SELECT action, actor, project_id, details FROM audit_log WHERE subject = '${id}' ORDER BY at, id`,
    )
    const names = ['created', 'changed', 'secret_rotated', 'tested', 'deleted']
    expect(deeds.map(({ action }) => action)).toEqual(names.map((name) => `destination.${name}`))
    expect(deeds.map(({ actor, project_id }) => [actor, project_id])).toEqual(
      names.map(() => ['admin', project]),
    )
    expect(JSON.stringify(deeds)).not.toContain('canary')
  })
})

describe('what is refused', () => {
  test.each<[string, object, string[]]>([
    ['no address', { url: undefined }, ['/url']],
    ['no URL', { url: 'app.example' }, ['/url']],
    ['plain http to the world', { url: 'http://93.184.215.14/' }, ['/url']],
    ['the metadata of a cloud', { url: 'https://169.254.169.254/latest/meta-data' }, ['/url']],
    ['the same in other words', { url: 'https://[::ffff:169.254.169.254]/' }, ['/url']],
    ['a private address', { url: 'https://10.0.0.8/' }, ['/url']],
    ['a loopback that is not allowed', { url: 'http://127.0.0.2/' }, ['/url']],
    ['user and password', { url: 'https://me:canary@app.example/' }, ['/url']],
    ['an empty user', { url: 'https://@app.example/' }, ['/url']],
    ['a port of other services', { url: 'https://app.example:22/' }, ['/url']],
    ['a script', { url: 'javascript:alert(1)' }, ['/url']],
    ['an unknown type', { types: ['payment.captured', 'payment.paid'] }, ['/types/1']],
    ['an unknown family', { types: ['payments.*'] }, ['/types/0']],
    ['a star', { types: ['*'] }, ['/types/0']],
    ['an unknown provider', { providers: ['github', 'nobody'] }, ['/providers/1']],
    ['a form of events that is not there', { schema_major: 2 }, ['/schema_major']],
    ['an unknown kind', { kind: 'pigeon' }, ['/kind']],
    ['an unknown environment', { environment: 'production' }, ['/environment']],
    [
      'what HTTP does not take',
      { config: { topic: 't' }, credentials: { user: 'u' } },
      ['/config/topic', '/credentials/user'],
    ],
    ['a broker without its subject', { kind: 'nats', url: 'tls://broker.example' }, ['/config/subject']],
    ['a broker in the clear', { kind: 'nats', url: 'nats://10.0.0.8', config: { subject: 'a' } }, ['/url']],
    ['unknown fields', { secret: 'mine' }, ['/secret']],
    ['half a character', { name: 'a\ud800' }, ['/name']],
  ])('%s, with a pointer', async (_, fields, pointers) => {
    const { id } = (await make()).body
    const before = await rows('SELECT count(*) AS n, max(version) AS v FROM destinations')
    const refused = await make(fields)
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_request'])
    expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers)
    if (!('kind' in fields) && !('environment' in fields) && !('url' in fields && fields.url === undefined)) {
      const unchanged = await call('PATCH', `/destinations/${id}`, fields)
      expect(unchanged.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers)
    }
    expect(await rows('SELECT count(*) AS n, max(version) AS v FROM destinations')).toEqual(before)
  })

  test('another kind or environment, once it is made', async () => {
    const { id } = (await make()).body
    const { body } = await call('PATCH', `/destinations/${id}`, { kind: 'http', environment: 'dev' })
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/kind', '/environment'])
  })

  test('in Arabic, to whom prefers it', async () => {
    const { body } = await platform.call<any>('POST', `/v1/projects/${project}/destinations`, {
      body: { url: 'https://10.0.0.1/', types: [] },
      headers: { 'accept-language': 'ar' },
    })
    expect(body.errors[0].message).toMatch(/[\u0600-\u06ff]/)
  })

  test('a project that may not be kept here', async () => {
    await sql(
      platform.database.url,
      "UPDATE project_settings SET data_residency = '{SA}' WHERE project_id = $1",
      [project],
    )
    expect((await make()).body).toMatchObject({ status: 422, code: 'residency_unmet' })
  })
})

describe('tenancy', () => {
  test("another project's destination is not there", async () => {
    const { id } = (await make()).body
    const theirs = await a.key(await a.project(), { scopes: ['read', 'write'] })
    const own = project
    project = await a.project()
    const stranger = await a.key(project, { scopes: ['read', 'write'] })
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate-secret'],
      ['POST', '/test'],
    ] as const) {
      const body = method === 'PATCH' || method === 'POST' ? {} : undefined
      expect((await call(method, `/destinations/${id}${path}`, body, stranger)).status).toBe(404)
      const answer = await platform.call(method, `/v1/projects/${own}/destinations/${id}${path}`, {
        key: theirs,
        ...(body && { body }),
      })
      expect(answer.status).toBe(404)
    }
    expect((await call('GET', `/deliveries?destination_id=${id}`, undefined, stranger)).body.data).toEqual([])
  })

  test('a key of one environment makes and sees those of its environment only', async () => {
    const key = await a.key(project, { environment: 'staging', scopes: ['read', 'write'] })
    const [everywhere, dev] = [(await make()).body, (await make({ environment: 'dev' })).body]
    const own = await make({}, key)
    expect(own.body).toMatchObject({ environment: 'staging' })
    const foreign = await make({ environment: 'dev' }, key)
    expect(foreign.body).toMatchObject({ status: 422, errors: [{ pointer: '/environment' }] })
    const listed = await call('GET', '/destinations', undefined, key)
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([own.body.id])
    expect((await call('GET', '/destinations?environment=dev', undefined, key)).body.data).toEqual([])
    for (const { id } of [everywhere, dev]) {
      expect((await call('GET', `/destinations/${id}`, undefined, key)).status).toBe(404)
      expect((await call('POST', `/destinations/${id}/rotate-secret`, {}, key)).status).toBe(404)
      expect((await call('DELETE', `/destinations/${id}`, undefined, key)).status).toBe(404)
    }
  })

  test('a page and its cursor', async () => {
    for (let n = 0; n < 5; n++) await make()
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body }: { body: Record<string, any> } = await call(
        'GET',
        `/destinations?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      ids.push(...body.data.map(({ id }: { id: string }) => id))
      cursor = body.next_cursor
    }
    expect(ids).toEqual([...ids].sort().reverse())
    expect(new Set(ids).size).toBe(5)
  })
})

describe('a test', () => {
  test('is sent at once, signed and marked, and tells what came back', async () => {
    const { id, secret } = (await make({ types: ['shipment.*'] })).body
    app.answer = (_, response) => response.writeHead(201).end('{"received": true}')
    const { body } = await call('POST', `/destinations/${id}/test`, {})
    expect(body).toEqual({
      ...{ event_id: expect.any(String), type: 'shipment.created', ms: expect.any(Number) },
      ...{ delivered: true, code: 'delivered', status: 201, excerpt: '{"received":true}' },
    })
    const event = verified(secret, app.last)
    expect(event).toMatchObject({
      ...{ specversion: '1.0', id: body.event_id, type: 'shipment.created', projectid: project },
      source: `/v1/projects/${project}/destinations/${id}`,
      dataschema: 'https://wasl.example/schemas/events/shipment.created/1',
      data: { test: true },
    })
    expect(app.last.headers['webhook-id']).toBe(event.id)
    expect((await call('POST', `/destinations/${id}/test`, { type: 'refund.failed' })).body.type).toBe(
      'refund.failed',
    )
    const { errors } = (await call('POST', `/destinations/${id}/test`, { type: 'refund.lost' })).body
    expect(errors).toMatchObject([{ pointer: '/type' }])
  })

  test('that fails is not repeated, has no consequence, and shows nothing secret', async () => {
    const { id } = (await make()).body
    await call('PATCH', `/destinations/${id}`, { status: 'disabled' })
    app.answer = (_, response) => response.writeHead(410).end('password=canary-7f3e9')
    const { body } = await call('POST', `/destinations/${id}/test`, {})
    expect(body).toMatchObject({ delivered: false, code: 'gone', status: 410 })
    expect(body.excerpt).toMatch(/^password=/)
    expect(body.excerpt).not.toContain('canary')
    expect(app.seen).toHaveLength(1)
    expect((await call('GET', `/destinations/${id}`)).body).toMatchObject({
      ...{ status: 'disabled', disabled_reason: 'by_user', failing_since: null, last_success_at: null },
    })
    expect(await rows('SELECT FROM destination_deliveries')).toEqual([])
  })

  test('of an address that is not allowed any more is refused at the socket, and tells no more than that', async () => {
    const { id } = (await make()).body
    // As one that was made while it was allowed.
    await rows(
      `UPDATE destinations SET url = 'http://127.0.0.2:${new URL(app.url).port}/' WHERE id = '${id}'`,
    )
    const { body } = await call('POST', `/destinations/${id}/test`, {})
    expect(body).toMatchObject({ delivered: false, code: 'refused_address', status: null, excerpt: null })
    expect(app.seen).toEqual([])
  })

  test('after a rotation bears both signatures', async () => {
    const { id, secret: old } = (await make()).body
    const { secret } = (await call('POST', `/destinations/${id}/rotate-secret`, {})).body
    expect(secret).not.toBe(old)
    await call('POST', `/destinations/${id}/test`, {})
    for (const one of [old, secret]) expect(verified(one, app.last).data.test).toBe(true)
  })
})

test('the schema that an event names is served to anybody', async () => {
  const { id, secret } = (await make()).body
  await call('POST', `/destinations/${id}/test`, {})
  const { dataschema } = verified(secret, app.last)
  const answer = await platform.call<any>('GET', new URL(dataschema).pathname, { key: null })
  expect([answer.status, answer.body.$id]).toEqual([200, dataschema])
  for (const path of ['payment.paid/1', 'payment.captured/2', 'payment.captured/x', '%2e%2e/1'])
    expect((await platform.call('GET', `/schemas/events/${path}`, { key: null })).status).toBe(404)
})

// At the end: of everything that was said above.
test('no secret is in any answer but the one it was made for, in any log line or in any row', async () => {
  expect(secrets.length).toBeGreaterThan(20)
  const tables = [
    'destinations',
    'audit_log',
    'destination_deliveries',
    'delivery_attempts',
    'outgoing_events',
  ]
  const kept = await Promise.all(tables.map((table) => rows(`SELECT * FROM ${table}`)))
  const everything = JSON.stringify([answers, said, kept])
  expect(everything).toContain(app.url)
  for (const secret of secrets) {
    expect(everything).not.toContain(secret)
    expect(everything).not.toContain(secret.slice(6))
  }
})
