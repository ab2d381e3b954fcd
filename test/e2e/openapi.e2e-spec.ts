import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { z } from 'zod'
import { githubSignature, makers } from '../support/makers.ts'
import { type Answer, startPlatform, type TestPlatform } from '../support/platform.ts'
import { tell } from '../support/teller.ts'

type Responses = Record<string, { description: string; content?: Record<string, { schema?: object }> }>
interface Operation {
  responses: Responses
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string }[]
  requestBody?: unknown
}

let platform: TestPlatform
let document: {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}
const things: Record<string, string> = {}

beforeAll(async () => {
  platform = await startPlatform()
  document = (await platform.call<typeof document>('GET', '/openapi.json', { key: null })).body
  const a = makers(platform)
  const project = await a.project()
  const hook = await a.github(project, 'a secret')
  const send = (body: string, secret: string) =>
    platform.call('POST', hook.path, {
      key: null,
      body,
      headers: { 'x-hub-signature-256': githubSignature(secret, body) },
    })
  const { body } = await send('one', 'a secret')
  await send('two', 'wrong')
  Object.assign(things, { project, hook: hook.id, path: hook.path, event: String(body.event_id) })
  await platform.call('GET', `/v1/projects/${project}/events/${things.event}/body?reason=x`)
  const at = `/v1/projects/${project}`
  const made = await platform.call('POST', `${at}/destinations`, { body: { url: 'https://app.example/' } })
  await tell(platform, project)
  const { body: list } = await platform.call<{ data: { id: string }[] }>('GET', `${at}/deliveries`)
  Object.assign(things, { destination: String(made.body.id), delivery: list.data[0]?.id })
})
afterAll(() => platform.stop())

const operations = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [path, method, operation] as [string, string, Operation],
    ),
  )

test('every call says what it answers and with what it refuses, each as a problem', () => {
  for (const [path, method, { responses, security, parameters = [], requestBody }] of operations()) {
    const at = `${method} ${path}`
    const statuses = Object.keys(responses)
    expect([at, statuses.some((status) => status.startsWith('2'))]).toEqual([at, true])
    if (path.startsWith('/health') || path === '/metrics') continue
    const expected = [
      ...(security ? ['401', '403'] : []),
      ...(parameters.some((one) => one.in === 'path') ? ['404'] : []),
      ...(parameters.some((one) => one.in === 'query') ? ['400'] : []),
      ...(requestBody ? ['400', '413', '422'] : []),
      ...['415', '429', '431', '500', '503'],
    ]
    expect([at, statuses]).toEqual([at, expect.arrayContaining(expected)])
    for (const [status, { content }] of Object.entries(responses)) {
      if (status === '204') continue
      const type = status.startsWith('2') ? /json|octet-stream/ : /^application\/problem\+json$/
      expect([at, status, Object.keys(content ?? {}).some((name) => type.test(name))]).toEqual([
        at,
        status,
        true,
      ])
    }
  }
})

test('the refusals that are a call’s own are named', () => {
  const codes = (path: string, method: string, status: string): string | undefined =>
    document.paths[path]?.[method]?.responses[status]?.description
  expect(codes('/v1/projects/{p}/connections', 'post', '422')).toBe(
    '`provider_inactive`, `unsupported`, `credentials_rejected`, `residency_unmet`, `quota_exceeded`, `invalid_request`',
  )
  expect(codes('/v1/projects/{p}/connections', 'post', '409')).toBe('`conflict`')
  expect(codes('/v1/projects/{p}/events/{id}/body', 'get', '410')).toBe('`body_expired`')
  expect(codes('/webhooks/{provider}/{webhook_key}', 'post', '401')).toBe('`signature_invalid`')
  expect(document.paths['/v1/projects/{p}/events/{id}/body']?.get?.security).toEqual([
    { bearer: ['bodies:read'] },
  ])
})

const calls: [method: string, documented: string, path: string, body?: object][] = [
  ['get', '/health/live', '/health/live'],
  ['get', '/health/ready', '/health/ready'],
  ['get', '/v1/providers', '/v1/providers'],
  ['get', '/v1/providers/{provider}', '/v1/providers/tap_payments'],
  ['get', '/v1/payment-providers', '/v1/payment-providers?capability=mada&country=SA&currency=SAR'],
  ['post', '/v1/projects', '/v1/projects', { name: 'X', retention: { bodies: 'PT1H' } }],
  ['get', '/v1/projects', '/v1/projects'],
  ['get', '/v1/projects/{p}', '/v1/projects/{p}'],
  ['patch', '/v1/projects/{p}', '/v1/projects/{p}', { country: 'KW' }],
  ['post', '/v1/projects/{p}/keys', '/v1/projects/{p}/keys', { environment: 'dev' }],
  ['get', '/v1/projects/{p}/keys', '/v1/projects/{p}/keys'],
  [
    'post',
    '/v1/projects/{p}/connections',
    '/v1/projects/{p}/connections',
    {
      provider: 'github',
      environment: 'staging',
      verify: false,
      credentials: { token: `ghp_${'a'.repeat(36)}` },
      config: { note: 1 },
      metadata: { shop: 'x' },
    },
  ],
  ['get', '/v1/projects/{p}/connections', '/v1/projects/{p}/connections'],
  ['get', '/v1/projects/{p}/connections/{id}', '/v1/projects/{p}/connections/{hook}'],
  ['patch', '/v1/projects/{p}/connections/{id}', '/v1/projects/{p}/connections/{hook}', { alias: 'x' }],
  [
    'post',
    '/v1/projects/{p}/connections/{id}/webhook/rotate',
    '/v1/projects/{p}/connections/{hook}/webhook/rotate',
    {},
  ],
  ['get', '/v1/projects/{p}/events', '/v1/projects/{p}/events'],
  ['get', '/v1/projects/{p}/events/{id}', '/v1/projects/{p}/events/{event}'],
  ['get', '/v1/projects/{p}/events/{id}/access-log', '/v1/projects/{p}/events/{event}/access-log'],
  ['get', '/v1/projects/{p}/quarantine', '/v1/projects/{p}/quarantine'],
  ['get', '/v1/projects/{p}/api-logs', '/v1/projects/{p}/api-logs'],
  ['get', '/v1/projects/{p}/metrics', '/v1/projects/{p}/metrics?interval=day'],
  ['get', '/v1/projects/{p}/connections/{id}/health', '/v1/projects/{p}/connections/{hook}/health'],
  [
    'post',
    '/v1/projects/{p}/destinations',
    '/v1/projects/{p}/destinations',
    { url: 'https://app.example/hooks', types: ['payment.*'], providers: ['tap_payments'], ordered: true },
  ],
  ['get', '/v1/projects/{p}/destinations', '/v1/projects/{p}/destinations'],
  ['get', '/v1/projects/{p}/destinations/{id}', '/v1/projects/{p}/destinations/{destination}'],
  [
    'patch',
    '/v1/projects/{p}/destinations/{id}',
    '/v1/projects/{p}/destinations/{destination}',
    { name: 'Shop' },
  ],
  [
    'post',
    '/v1/projects/{p}/destinations/{id}/rotate-secret',
    '/v1/projects/{p}/destinations/{destination}/rotate-secret',
  ],
  ['get', '/v1/projects/{p}/deliveries', '/v1/projects/{p}/deliveries'],
  ['get', '/v1/projects/{p}/deliveries/{id}', '/v1/projects/{p}/deliveries/{delivery}'],
  ['post', '/v1/projects/{p}/deliveries/{id}/resend', '/v1/projects/{p}/deliveries/{delivery}/resend'],
  ['get', '/schemas/events/{type}/{major}', '/schemas/events/payment.captured/1'],
]

test.each(calls.map((call) => [`${call[0]} ${call[1]}`, call] as const))(
  '%s answers as the document says',
  async (_, call) => {
    const [method, documented, path, body] = call
    const real = path
      .replace('{p}', things.project ?? '')
      .replace('{hook}', things.hook ?? '')
      .replace('{event}', things.event ?? '')
      .replace('{destination}', things.destination ?? '')
      .replace('{delivery}', things.delivery ?? '')
    const answer = await platform.call(method.toUpperCase(), real, body ? { body } : {})
    expect(answer.status).toBeLessThan(300)
    fits(answer, document.paths[documented]?.[method])
  },
)

test('a problem is as the document says', async () => {
  const answer = await platform.call('POST', '/v1/projects', { body: { surprise: 1 } })
  const schema = document.components.schemas.Problem
  expect(z.fromJSONSchema(schema as never).safeParse(answer.body).error).toBeUndefined()
})

function fits(answer: Answer, operation: Operation | undefined): void {
  const schema = operation?.responses[answer.status]?.content?.['application/json']?.schema
  expect(schema).toBeDefined()
  expect(z.fromJSONSchema(schema as never).safeParse(answer.body).error).toBeUndefined()
}
