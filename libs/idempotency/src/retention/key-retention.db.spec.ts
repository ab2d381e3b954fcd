import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { KeyRetention } from './key-retention.ts'

let fresh: FreshDatabase
let database: Database
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

test('what has expired goes; what is kept longer, open or young stays', async () => {
  await sql(fresh.url, "INSERT INTO projects (name) VALUES ('p')")
  const make = (key: string, hoursOld: number, hoursLeft: number, status: string): Promise<unknown> =>
    sql(
      fresh.url,
      `INSERT INTO idempotency_keys (id, project_id, environment, route, key_hash, body_hash, status, response_status,
         lease_until, created_at, expires_at)
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5($1), 1, 3) || '8' ||
         substr(md5($1), 1, 15))::uuid, p.id, 'all', 'r', sha256($1::bytea), sha256('b'), $4,
         CASE $4 WHEN 'done' THEN 201 END, CASE $4 WHEN 'running' THEN at END, at, now() + make_interval(hours => $3)
       FROM projects p, LATERAL (SELECT now() - make_interval(hours => $2) AS at) made`,
      [key, hoursOld, hoursLeft, status],
    )
  await make('done long ago', 74, -2, 'done')
  await make('killed long ago', 500, -428, 'running')
  await make('settled late', 500, 20, 'done')
  await make('taken over late', 100, 50, 'running')
  await make('still open', 500, -428, 'open')
  await make('young', 71, 1, 'done')
  const retention = new KeyRetention(null as never, database)
  expect(await retention.removeOld(new AbortController().signal)).toBe(2)
  const left = await sql<{ n: number }>(
    fresh.url,
    `SELECT count(*)::int AS n FROM idempotency_keys
     WHERE key_hash IN (SELECT sha256(k::bytea) FROM unnest(ARRAY['settled late', 'taken over late', 'still open', 'young']) k)`,
  )
  expect(left).toEqual([{ n: 4 }])
})
