import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

const ask = (text: string, values: unknown[] = []) => sql<Record<string, any>>(database.url, text, values)
const REFUSED = { code: '42501', message: expect.stringContaining('append-only') }

async function entry(accessed: string): Promise<string> {
  const [row] = await ask(
    `INSERT INTO webhook_access_logs (event_id, accessed_by, access_reason, accessed_at) VALUES ($1, 'key_1', 'ticket', ${accessed}) RETURNING id`,
    [randomUUID()],
  )
  return row?.id
}

// This user owns the table, and is superuser besides.
test('the owner himself changes nothing in it', async () => {
  const id = await entry('now()')
  expect(
    await ask(
      "SELECT tableowner = current_user AS owner FROM pg_tables WHERE tablename = 'webhook_access_logs'",
    ),
  ).toEqual([{ owner: true }])
  await expect(
    ask("UPDATE webhook_access_logs SET access_reason = 'other' WHERE id = $1", [id]),
  ).rejects.toMatchObject(REFUSED)
  await expect(ask('UPDATE webhook_access_logs SET id = id WHERE id = $1', [id])).rejects.toMatchObject(
    REFUSED,
  )
  await expect(ask('DELETE FROM webhook_access_logs WHERE id = $1', [id])).rejects.toMatchObject(REFUSED)
  await expect(ask('TRUNCATE webhook_access_logs')).rejects.toMatchObject(REFUSED)
  await expect(ask('TRUNCATE webhook_access_logs, integration_events CASCADE')).rejects.toMatchObject(REFUSED)
  await expect(
    ask(
      "INSERT INTO webhook_access_logs (id, event_id, accessed_by, access_reason) VALUES ($1, gen_random_uuid(), 'x', 'y') ON CONFLICT (id) DO UPDATE SET accessed_by = 'x'",
      [id],
    ),
  ).rejects.toMatchObject(REFUSED)
  await expect(
    ask(
      'MERGE INTO webhook_access_logs l USING (SELECT $1::uuid AS id) s ON l.id = s.id WHEN MATCHED THEN DELETE',
      [id],
    ),
  ).rejects.toMatchObject(REFUSED)
  expect(await ask('SELECT access_reason FROM webhook_access_logs WHERE id = $1', [id])).toEqual([
    { access_reason: 'ticket' },
  ])
})

test('a row goes when it is twelve months old, not a day before', async () => {
  const young = await entry("now() - interval '12 months' + interval '1 day'")
  const old = await entry("now() - interval '12 months' - interval '1 day'")
  await expect(
    ask('DELETE FROM webhook_access_logs WHERE id = ANY ($1)', [[young, old]]),
  ).rejects.toMatchObject(REFUSED)
  expect(
    await ask('SELECT count(*)::int AS n FROM webhook_access_logs WHERE id = ANY ($1)', [[young, old]]),
  ).toEqual([{ n: 2 }])
  await expect(
    ask("UPDATE webhook_access_logs SET accessed_at = now() - interval '2 years' WHERE id = $1", [young]),
  ).rejects.toMatchObject(REFUSED)
  await expect(
    ask("UPDATE webhook_access_logs SET access_reason = 'x' WHERE id = $1", [old]),
  ).rejects.toMatchObject(REFUSED)
  expect(await ask('DELETE FROM webhook_access_logs WHERE id = $1 RETURNING id', [old])).toEqual([
    { id: old },
  ])
})

test('it outlives its event, its connection and its project', async () => {
  const [event] = await ask(
    `WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id),
          c AS (INSERT INTO integration_connections (project_id, provider) SELECT id, 'tabby' FROM p RETURNING id, project_id)
     INSERT INTO integration_events (connection_id, project_id, provider) SELECT id, project_id, 'tabby' FROM c RETURNING id, project_id`,
  )
  await ask(
    "INSERT INTO webhook_access_logs (event_id, project_id, accessed_by, access_reason) VALUES ($1, $2, 'key_1', 'ticket')",
    [event?.id, event?.project_id],
  )
  await ask('DELETE FROM projects WHERE id = $1', [event?.project_id])
  expect(await ask('SELECT FROM integration_events')).toEqual([])
  expect(await ask('SELECT event_id FROM webhook_access_logs WHERE event_id = $1', [event?.id])).toEqual([
    { event_id: event?.id },
  ])
})
