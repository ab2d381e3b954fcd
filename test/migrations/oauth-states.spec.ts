import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await ask("INSERT INTO projects (name) VALUES ('p')")
})
afterAll(() => database.drop())

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(database.url, text, values)
const state = (name: string, expiry: string) =>
  ask(
    `INSERT INTO integration_oauth_states (state, project_id, provider, redirect_uri, expires_at) SELECT $1, id, 'github', 'https://x', ${expiry} FROM projects`,
    [name],
  )

test('what has expired goes, what has not stays, and it says how many', async () => {
  for (const [name, expiry] of [
    ['old', "now() - interval '1 year'"],
    ['just', "now() - interval '1 millisecond'"],
    ['soon', "now() + interval '1 minute'"],
    ['never', "'infinity'"],
  ] as const)
    await state(name, expiry)
  expect(
    await ask(
      'SELECT cleanup_expired_oauth_states() AS n, pg_typeof(cleanup_expired_oauth_states())::text AS type',
    ),
  ).toEqual([{ n: 2, type: 'integer' }])
  expect(await ask('SELECT state FROM integration_oauth_states ORDER BY 1')).toEqual([
    { state: 'never' },
    { state: 'soon' },
  ])
  expect(await ask('SELECT cleanup_expired_oauth_states() AS n')).toEqual([{ n: 0 }])
})

test('two at once count each state once', async () => {
  await ask(
    "INSERT INTO integration_oauth_states (state, project_id, provider, redirect_uri, expires_at) SELECT 's' || n, id, 'github', 'https://x', now() - interval '1 hour' FROM projects, generate_series(1, 500) n",
  )
  const counts = await Promise.all(
    Array.from(
      { length: 4 },
      async () => (await ask('SELECT cleanup_expired_oauth_states() AS n'))[0]?.n as number,
    ),
  )
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(500)
})
