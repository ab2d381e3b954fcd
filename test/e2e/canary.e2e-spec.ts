import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { githubSignature } from '../support/makers.ts'
import { rawBytes, rawRequest } from '../support/raw-request.ts'
import { Shop } from '../support/shop.ts'

// Each place has a canary of its own, so that a find tells where it came from.
const canary = (place: string): string => `canary-${place}-7f3e9`
const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const SECRET = 'a webhook secret'
const folders = dataDirs()
let folder: string
let database: FreshDatabase
let platform: RunningProcess
let shop: Shop
const answers: string[] = []

beforeAll(async () => {
  folder = folders.make()
  database = await freshDatabase()
  platform = await startProcess({
    DATA_DIR: folder,
    DATABASE_URL: database.url,
    ADMIN_API_KEY: ADMIN,
    PORT: '0',
    LOG_LEVEL: 'trace',
  })
  shop = await Shop.open(platform.url, ADMIN)
})
afterAll(async () => {
  await stopped(platform)
  await database.drop()
  folders.remove()
})

const HEADERS = [
  'authorization',
  'cookie',
  'x-api-key',
  'x-session-token',
  'x-anything',
  'referer',
  'x-forwarded-for',
]
const planted = (kind: string): string[] =>
  HEADERS.flatMap((name) => [
    name,
    `${name === 'authorization' ? 'Bearer ' : ''}${canary(`${kind}-${name}`)}`,
  ])

async function deliver(
  kind: string,
  body: string | Buffer,
  headers: string[],
  path = shop.path,
): Promise<number> {
  const answer = await rawRequest(platform.url, 'POST', `${path}?token=${canary(`${kind}-query`)}`, {
    headers: [...planted(kind), ...headers],
    body,
  })
  answers.push(JSON.stringify(answer.body))
  return answer.status
}

test('what senders send is in no table, log, metric, error answer or file', async () => {
  const bodyOf = (kind: string): string =>
    JSON.stringify({
      repository: { full_name: 'a/b' },
      action: canary(`${kind}-body`),
      card: canary(`${kind}-card`),
    })
  const signed = (body: string | Buffer, id?: string): string[] => [
    ...['x-hub-signature-256', githubSignature(SECRET, body)],
    ...(id ? ['x-github-delivery', id] : []),
  ]
  const oversized = Buffer.alloc(26 * 1024 * 1024, canary('oversized-body'))
  const malformed = `{"broken":"${canary('malformed-body')}`

  expect(await deliver('accepted', bodyOf('accepted'), signed(bodyOf('accepted'), 'one'))).toBe(200)
  expect(await deliver('duplicate', bodyOf('accepted'), signed(bodyOf('accepted'), 'one'))).toBe(200)
  expect(await deliver('nameless', bodyOf('nameless'), signed(bodyOf('nameless')))).toBe(200)
  expect(await deliver('malformed', malformed, signed(malformed, 'two'))).toBe(200)
  expect(await deliver('quarantined', bodyOf('quarantined'), signed('something else'))).toBe(401)
  expect(await deliver('unsigned', bodyOf('unsigned'), [])).toBe(401)
  expect(
    await deliver('repeated', bodyOf('repeated'), [
      ...signed(bodyOf('repeated')),
      ...signed(bodyOf('repeated')),
    ]),
  ).toBe(401)
  expect(await deliver('compressed', bodyOf('compressed'), ['content-encoding', 'gzip'])).toBe(415)
  expect(
    await deliver('nobody', bodyOf('nobody'), [], `/webhooks/github/${canary('path').padEnd(32, 'x')}`),
  ).toBe(404)
  const length = ['content-length', String(oversized.length)]
  expect(await deliver('oversized', oversized.subarray(0, 1_000), length).catch(() => 413)).toBe(413)
  expect(
    await deliver('crowded', 'x', Array.from({ length: 101 }, (_, n) => [`x-${n}`, canary('crowd')]).flat()),
  ).toBe(431)
  answers.push(await rawBytes(platform.url, `POST ${canary('raw')}\r\n${canary('raw')}\r\n\r\n`))

  // The same to our own API: a caller's mistake is not repeated to others.
  for (const [method, path, body] of [
    ['POST', '/v1/projects', `{"name":"${canary('api-cut')}`],
    ['POST', '/v1/projects', JSON.stringify({ name: 1, [canary('api-field')]: canary('api-value') })],
    [
      'POST',
      `/v1/projects/${shop.project}/connections`,
      JSON.stringify({
        provider: 'github',
        environment: 'dev',
        verify: false,
        credentials: { token: canary('api-token'), webhook_secret: 1 },
      }),
    ],
    ['GET', `/v1/projects/${shop.project}/events?status=${canary('api-query')}`, undefined],
  ] as const) {
    const answer = await rawRequest(platform.url, method, path, {
      headers: ['authorization', `Bearer ${ADMIN}`, ...(body ? ['content-type', 'application/json'] : [])],
      ...(body && { body }),
    })
    expect([400, 422]).toContain(answer.status)
    answers.push(JSON.stringify(answer.body).replaceAll(`/${canary('api-field')}`, ''))
  }
  expect((await rawRequest(platform.url, 'GET', '/v1/projects', { headers: planted('caller') })).status).toBe(
    401,
  )

  const events = await sql<{ n: number }>(database.url, 'SELECT count(*)::int AS n FROM integration_events')
  const waiting = await sql<{ n: number }>(database.url, 'SELECT count(*)::int AS n FROM webhook_quarantine')
  expect([events, waiting]).toEqual([[{ n: 3 }], [{ n: 3 }]])
  expect(await columnsWith('canary')).toEqual([])
  // The look-out works: what is kept on purpose is found by the same search.
  expect(await columnsWith(shop.connection)).toContain('integration_events.connection_id')

  const metrics = await (await fetch(`${platform.url}/metrics`)).text()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
  expect(files.length).toBeGreaterThan(3)
  expect(metrics).toContain('wasl_webhook_deliveries_total')
  expect(platform.output()).toContain('listens on')
  expect(findsIn(metrics)).toEqual([])
  expect(findsIn(platform.output())).toEqual([])
  expect(findsIn(answers.join('\n'))).toEqual([])
  for (const file of files) expect(findsIn(readFileSync(file, 'latin1'))).toEqual([])
}, 60_000)

function findsIn(text: string): string[] {
  return [...new Set(text.match(/.{0,40}canary-[a-z-]+/g) ?? [])]
}

/** Every column of every table, whatever its type, that holds the text somewhere. */
async function columnsWith(text: string): Promise<string[]> {
  const columns = await sql<{ name: string; query: string }>(
    database.url,
    `SELECT table_name || '.' || column_name AS name,
            format('SELECT FROM %I WHERE strpos(%I::text, $1) > 0 LIMIT 1', table_name, column_name) AS query
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type <> 'bytea'`,
  )
  const found: string[] = []
  for (const { name, query } of columns) {
    if ((await sql(database.url, query, [text])).length > 0) found.push(name)
  }
  return found
}
