import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import type { Caller } from '@app/http'
import { pageOf } from '@app/http'
import fc from 'fast-check'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { eventsQuery, WebhookEvents } from '../event/webhook-events.ts'
import {
  type Asked,
  expected,
  idAt,
  keepConnections,
  keepRows,
  type Row,
  type SceneConnection,
} from './testing/scene.ts'

const OURS = '01a20b6b-0000-7000-8000-000000000001'
const THEIRS = '01a20b6b-0000-7000-8000-000000000002'
const PROVIDERS = ['github', 'tap_payments', 'tabby', 'stripe']
const ENVIRONMENTS = ['prod', 'prod', 'staging', 'dev'] as const
const NATIVE = ['push', 'charge', 'payment.captured', 'invoice', 'once', null]
const CATALOGUE = ['payment.captured', 'payment.failed', 'code.pushed']
const STATUSES = [
  'completed',
  'completed',
  'completed',
  'completed',
  'pending',
  'processing',
  'retrying',
  'failed',
  'dead_letter',
]
const START = Date.parse('2026-11-01T00:00:00.000Z')
const EVENTS = 2_000
// So dense that whole pages lie within the few seconds by which ids and times may differ.
const STEP_MS = 700

let fresh: FreshDatabase
let database: Database
let events: WebhookEvents
let rows: Row[]

const connections: SceneConnection[] = Array.from({ length: 24 }, (_, n) => ({
  id: `01a20b6b-0000-7000-8000-1000000000${n.toString(16).padStart(2, '0')}`,
  project: n < 20 ? OURS : THEIRS,
  provider: PROVIDERS[(n % 7) % PROVIDERS.length] ?? '',
  environment: ENVIRONMENTS[n % ENVIRONMENTS.length] ?? 'prod',
}))

/** Always the same: what fails can be looked at again. */
function madeUp(): Row[] {
  const arbitrary = fc.record({
    connection: fc.integer({ min: 0, max: 99 }),
    type: fc.constantFrom(...NATIVE),
    status: fc.constantFrom(...STATUSES),
    named: fc.boolean(),
    about: fc.integer({ min: 0, max: 60 }),
    kinds: fc.subarray(CATALOGUE, { maxLength: 2 }),
    late: fc.integer({ min: -3_000, max: 5_000 }),
  })
  return fc.sample(arbitrary, { numRuns: EVENTS, seed: 42 }).map((one, n) => {
    const id = idAt(new Date(START + n * STEP_MS), n)
    // One in three is of the busiest; some have none at all.
    const connection = connections[one.connection < 33 ? 3 : one.connection % 23] as SceneConnection
    const processed = one.status === 'completed'
    return {
      ...{ id, connection, type: one.type, status: one.status },
      eventId: one.named ? `evt_${n}` : null,
      createdAt: new Date(START + n * STEP_MS + one.late),
      references: processed
        ? [`ref_${one.about}`, idAt(new Date(0), one.about), ...one.kinds.map((kind) => `type:${kind}`)]
        : [],
    }
  })
}

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  events = new WebhookEvents(database)
  rows = madeUp()
  await keepConnections(database, connections)
  await keepRows(database, rows)
}, 60_000)
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const callerOf = (environment: Caller['environment']) => ({ environment }) as Caller

/** All pages, as a client asks for them; `between` happens after each. */
async function paged(
  environment: Caller['environment'],
  asked: Asked,
  limit: number,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = eventsQuery.parse({
      ...asked,
      limit: String(limit),
      ...(cursor !== undefined && { cursor }),
    })
    const found = await events.list(callerOf(environment), OURS, query)
    const page = pageOf(
      found,
      query,
      OURS,
      ({ id }) => id,
      ({ id }) => id,
    )
    ids.push(...page.data)
    cursor = page.next_cursor
    await between()
  }
  return ids
}

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const moment = fc
  .integer({ min: -20, max: EVENTS * (STEP_MS / 1_000) + 20 })
  .map((s) => new Date(START + s * 1_000).toISOString())
const asking: fc.Arbitrary<Asked> = fc
  .record({
    connection_id: some(fc.constantFrom(...connections.map(({ id }) => id))),
    provider: some(fc.constantFrom(...PROVIDERS, 'paytabs', 'nobody')),
    type: some(
      fc.constantFrom('push', 'charge', 'once', 'never', 'payment.refunded', 'refund.failed', ...CATALOGUE),
    ),
    status: some(fc.constantFrom(...new Set(STATUSES))),
    from: some(moment),
    to: some(moment),
    q: fc.option(
      fc.oneof(
        fc.integer({ min: 0, max: EVENTS }).map((n) => `evt_${n}`),
        fc.integer({ min: 0, max: 61 }).map((n) => `ref_${n}`),
        fc.integer({ min: 0, max: 61 }).map((n) => idAt(new Date(0), n)),
        fc.nat(EVENTS - 1).map((n) => idAt(new Date(START + n * STEP_MS), n)),
      ),
      { nil: undefined, freq: 1 },
    ),
  })
  .map((asked) => Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)))
const environment = fc.constantFrom(null, null, 'dev' as const, 'staging' as const, 'prod' as const)

test('whatever is asked, in whatever combination: all of it, newest first, page by page, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(asking, environment, fc.constantFrom(1, 7, 50, 200), async (asked, of, limit) => {
      const all = expected(rows, { project: OURS, environment: of }, asked)
      fc.pre(all.length / limit < 30)
      expect(await paged(of, asked, limit)).toEqual(all)
    }),
    { numRuns: 250 },
  )
}, 180_000)

test.each<[string, Asked]>([
  ['nothing', {}],
  ...connections.slice(0, 6).map(({ id }): [string, Asked] => ['a connection', { connection_id: id }]),
  ...PROVIDERS.map((provider): [string, Asked] => [provider, { provider }]),
  ...['push', 'once', ...CATALOGUE].map((type): [string, Asked] => [type, { type }]),
  ...[...new Set(STATUSES)].map((status): [string, Asked] => [status, { status }]),
  ['an id in capitals', { q: idAt(new Date(START), 0).toUpperCase() }],
])('by %s alone', async (_, asked) => {
  const all = expected(
    rows,
    { project: OURS, environment: null },
    { ...asked, ...(asked.q && { q: asked.q.toLowerCase() }) },
  )
  expect(all.length).toBeGreaterThan(0)
  expect(await paged(null, asked, 200)).toEqual(all)
})

test('an event that is of a type in both our words and the provider’s takes one place', async () => {
  for (let n = 0; n < EVENTS; n += 100) {
    const time = (k: number) => new Date(START + k * STEP_MS).toISOString()
    const asked = { type: 'payment.captured', from: time(n), to: time(n + 100) }
    expect(await paged(null, asked, 2)).toEqual(expected(rows, { project: OURS, environment: null }, asked))
  }
})

test('though events come meanwhile: every page goes on where the last one stopped', async () => {
  for (const asked of [
    {},
    { provider: 'github' },
    { type: 'payment.captured' },
    { status: 'completed' },
    { q: 'ref_7' },
  ]) {
    const before = expected(rows, { project: OURS, environment: null }, asked)
    const seen = await paged(null, asked, Math.min(200, Math.ceil(before.length / 5)), async () => {
      const n = rows.length
      const at = new Date(START + n * STEP_MS)
      const connection = connections[n % 20] as SceneConnection
      const references = ['ref_7', 'type:payment.captured']
      const row = {
        id: idAt(at, n),
        connection,
        type: 'push',
        eventId: null,
        status: 'completed',
        createdAt: at,
        references,
      }
      await keepRows(database, [row])
      rows.push(row)
    })
    expect(seen).toEqual(before)
  }
})

test('a reference whose event is gone leaves no gap in a page', async () => {
  const gone = Array.from({ length: 60 }, (_, n) => idAt(new Date(START + 7 * 86_400_000), n))
  await database.query(
    `INSERT INTO event_references (project_id, reference, connection_id, event_id)
     SELECT $1, 'type:code.pushed', $2, unnest($3::uuid[])`,
    [OURS, connections[3]?.id, gone],
  )
  const asked = { type: 'code.pushed' }
  expect(await paged(null, asked, 20)).toEqual(expected(rows, { project: OURS, environment: null }, asked))
})

test('rows of an older schema, whose ids tell no time, are found by their times too', async () => {
  const older = ['e', 'f'].map((first, n) => ({
    id: `${first}1a20b6b-0000-4000-8000-000000000001`,
    connection: connections[n] as SceneConnection,
    type: 'older',
    eventId: null,
    status: 'completed',
    createdAt: new Date(Date.parse('2026-10-01T00:00:00Z') + n * 1_000),
    references: [],
  }))
  await keepRows(database, older)
  rows.push(...older)
  for (const asked of [
    { from: '2026-09-01T00:00:00Z', to: '2026-10-01T00:00:01Z' },
    { to: '2026-10-02T00:00:00Z', type: 'older' },
    { to: '2099-01-01T00:00:00Z', type: 'older' },
    { from: '2026-10-01T00:00:01Z', provider: connections[1]?.provider ?? '' },
  ])
    expect(await paged(null, asked, 50)).toEqual(expected(rows, { project: OURS, environment: null }, asked))
})
