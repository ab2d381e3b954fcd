import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'

let database: FreshDatabase
let connection: string
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  const [row] = await ask(
    "WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id) INSERT INTO integration_connections (project_id, provider) SELECT id, 'tabby' FROM p RETURNING id",
  )
  connection = row?.id
})

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(database.url, text, values)
const report = async (...values: unknown[]): Promise<unknown> => {
  const places = values.map((_, n) => `$${n + 2}`).join()
  const [row] = await ask(`SELECT update_integration_health($1, ${places}) AS state`, [connection, ...values])
  return row?.state
}
const stored = async (): Promise<Record<string, unknown> | undefined> =>
  (await ask('SELECT * FROM integration_connections WHERE id = $1', [connection]))[0]

test('two failures in a row are degraded, the third is unhealthy, a success is healthy at once', async () => {
  const states = []
  for (const healthy of [false, false, false, false, true, false, true, true, false, false, false])
    states.push(await report(healthy))
  const [d, u, h] = ['degraded', 'unhealthy', 'healthy']
  expect(states).toEqual([d, d, u, u, h, d, h, h, d, d, u])
})

test('what was found is kept: when, state, message, how long', async () => {
  await report(false, 'refused: 401', 120)
  expect(await stored()).toMatchObject({
    health_state: 'degraded',
    health_message: 'refused: 401',
    health_response_time_ms: 120,
    last_health_check: expect.any(Date),
  })
  const before = (await stored())?.last_health_check as Date
  await report(true)
  const after = await stored()
  expect(after).toMatchObject({
    health_state: 'healthy',
    health_message: null,
    health_response_time_ms: null,
  })
  expect((after?.last_health_check as Date).getTime()).toBeGreaterThanOrEqual(before.getTime())
})

test('failures that come at once are all counted', async () => {
  const states = await Promise.all(Array.from({ length: 6 }, () => report(false)))
  expect(states.filter((state) => state === 'degraded')).toHaveLength(2)
  expect(states.filter((state) => state === 'unhealthy')).toHaveLength(4)
})

test('nothing else of the connection changes, nor another one', async () => {
  const before = await stored()
  const others = () => ask('SELECT * FROM integration_connections WHERE id <> $1 ORDER BY id', [connection])
  const untouched = await others()
  await report(false, 'x', 1)
  const health = /^(health_|last_health_check$|updated_at$)/
  const rest = (row: object | undefined) => Object.entries(row ?? {}).filter(([name]) => !health.test(name))
  expect(rest(await stored())).toEqual(rest(before))
  expect(await others()).toEqual(untouched)
})

test.each([
  ['an unknown connection', randomUUID(), true],
  ['no connection', null, false],
])('%s: null, and nothing changes', async (_, id, healthy) => {
  const before = await ask('SELECT * FROM integration_connections ORDER BY id')
  expect(await ask('SELECT update_integration_health($1, $2) AS state', [id, healthy])).toEqual([
    { state: null },
  ])
  expect(await ask('SELECT * FROM integration_connections ORDER BY id')).toEqual(before)
})

test('neither well nor ill is no finding', async () => {
  const before = await stored()
  expect(await report(null)).toBeNull()
  expect(await stored()).toEqual(before)
})

test('answers in the words of integration_health_state', async () => {
  expect(
    await ask('SELECT pg_typeof(update_integration_health($1, true))::text AS type', [connection]),
  ).toEqual([{ type: 'integration_health_state' }])
})
