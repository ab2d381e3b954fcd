import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import type { ProcessEvents } from '../processing/process-events.ts'
import { ReplayRunner } from './replay-runner.ts'
import { firstIdAt } from './replayable.ts'

const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
let fresh: FreshDatabase
let folder: string
let database: Database
let settings: Settings
let woken = 0
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wasl-replay-'))
  settings = Settings.read({ DATA_DIR: folder, ROLES: 'worker' })
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  await database.query(
    `WITH p AS (INSERT INTO projects (name) VALUES ('Souq'), ('another') RETURNING id)
     INSERT INTO integration_connections (project_id, provider, environment) SELECT id, 'github', 'dev' FROM p`,
  )
})
afterEach(async () => {
  woken = 0
  await database.query('TRUNCATE integration_events, event_attempts, event_replays, event_references')
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true })
})

const runner = (of = database): ReplayRunner =>
  new ReplayRunner(of, settings, { wake: () => woken++ } as unknown as ProcessEvents)

/** So many of each project, one a millisecond. */
const events = (count: number, status = 'completed'): Promise<unknown> =>
  database.query(
    `INSERT INTO integration_events (id, connection_id, project_id, environment, provider, event_id, event_type, status, retry_count, error_message)
     SELECT (lpad(to_hex(1764000000000 + n), 12, '0') || '7000800000000000' || lpad(c.number::text, 4, '0'))::uuid,
       c.id, c.project_id, c.environment, c.provider, 'evt ' || n, 'push', $2::integration_event_status, 4, 'facts_refused'
     FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM integration_connections) c, generate_series(1, $1::int) n`,
    [count, status],
  )
async function replay(fields: { perSecond?: number; filter?: object; until?: string } = {}): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO event_replays (project_id, environment, requested_by, filter, per_second, until_event_id)
     SELECT id, 'dev', 'a test', $1, $2, $3 FROM projects WHERE name = 'Souq' RETURNING id`,
    [fields.filter ?? {}, fields.perSecond ?? 10, fields.until ?? LAST],
  )
  return row?.id ?? ''
}
const due = (): Promise<unknown> => database.query('UPDATE event_replays SET next_step_at = now()')
const rows = (text: string): Promise<Record<string, unknown>[]> => database.query(text)
const moved = (): Promise<Record<string, unknown>[]> =>
  rows(
    `SELECT count(*)::int AS notes, count(DISTINCT event_id)::int AS events FROM event_attempts WHERE kind = 'replayed'`,
  )

test('a step moves as many as become due a second, as new, with a note each, and waits for the next second', async () => {
  await events(25)
  const id = await replay()
  expect(await runner().step()).toBe(true)
  expect(woken).toBe(1)
  expect(
    await rows(
      `SELECT status::text, retry_count, error_message, replay_id, count(*)::int AS n FROM integration_events
       WHERE status = 'pending' GROUP BY 1, 2, 3, 4`,
    ),
  ).toEqual([{ status: 'pending', retry_count: 0, error_message: null, replay_id: id, n: 10 }])
  expect(
    await rows("SELECT event_id FROM integration_events WHERE status = 'pending' ORDER BY id LIMIT 1"),
  ).toEqual([{ event_id: 'evt 1' }])
  expect(await moved()).toEqual([{ notes: 10, events: 10 }])
  expect(
    await rows(
      "SELECT status, replayed::int, next_step_at > now() + interval '800 ms' AS later FROM event_replays",
    ),
  ).toEqual([{ status: 'running', replayed: 10, later: true }])
  expect(await runner().step()).toBe(false)
})

test('to its end: every event of its project once, and nobody else’s', async () => {
  await events(25)
  await replay()
  for (let n = 0; n < 3; n++) {
    await due()
    expect(await runner().step()).toBe(true)
  }
  expect(await moved()).toEqual([{ notes: 25, events: 25 }])
  expect(
    await rows('SELECT status, replayed::int, finished_at IS NOT NULL AS ended FROM event_replays'),
  ).toEqual([{ status: 'done', replayed: 25, ended: true }])
  await due()
  expect(await runner().step()).toBe(false)
  expect(
    await rows(
      "SELECT count(*)::int AS n FROM integration_events JOIN projects p ON p.id = project_id WHERE name <> 'Souq' AND status <> 'completed'",
    ),
  ).toEqual([{ n: 0 }])
})

test('a step that dies anywhere has not been: the next one does all of it', async () => {
  await events(10)
  await replay()
  // Whatever is written to the table last fails, as a connection that is lost before its commit does.
  await database.query(
    `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$;
     CREATE TRIGGER die BEFORE UPDATE ON event_replays FOR EACH ROW EXECUTE FUNCTION die()`,
  )
  await expect(runner().step()).rejects.toThrow('killed')
  await database.query('DROP FUNCTION die() CASCADE')
  expect(await moved()).toEqual([{ notes: 0, events: 0 }])
  expect(await rows("SELECT FROM integration_events WHERE status = 'pending'")).toEqual([])
  expect(await runner().step()).toBe(true)
  expect(await moved()).toEqual([{ notes: 10, events: 10 }])
})

test('two processes at one replay: each event has one turn', async () => {
  await events(400)
  await replay({ perSecond: 7 })
  const others = await Promise.all([1, 2, 3].map(() => Database.connect(fresh.url)))
  const keepDue = setInterval(() => void due().catch(() => undefined), 5)
  const running = async (): Promise<boolean> =>
    (await rows("SELECT FROM event_replays WHERE status = 'running'")).length > 0
  await Promise.all(
    others.map(async (other) => {
      const one = runner(other)
      while (await running()) await one.step()
    }),
  )
  clearInterval(keepDue)
  await Promise.all(others.map((other) => other.close()))
  expect(await moved()).toEqual([{ notes: 400, events: 400 }])
  expect(await rows('SELECT replayed::int FROM event_replays')).toEqual([{ replayed: 400 }])
})

test('what waits or is under work is processed anyway, and is left alone', async () => {
  await events(1)
  for (const [n, status] of (
    ['pending', 'processing', 'retrying', 'dead_letter', 'failed'] as const
  ).entries())
    await database.query(
      `INSERT INTO integration_events (id, connection_id, project_id, environment, provider, event_id, status)
       SELECT (lpad(to_hex(1764000001000 + $1::int), 12, '0') || '70008000000000000000')::uuid, c.id, project_id, c.environment,
         provider, $2::text, $2::text::integration_event_status
       FROM integration_connections c JOIN projects p ON p.id = project_id WHERE p.name = 'Souq'`,
      [n, status],
    )
  const id = await replay()
  await runner().step()
  expect(
    await database.query('SELECT event_id FROM integration_events WHERE replay_id = $1 ORDER BY event_id', [
      id,
    ]),
  ).toEqual(['dead_letter', 'evt 1', 'failed', 'retrying'].map((event_id) => ({ event_id })))
  expect(
    await rows(
      "SELECT status::text FROM integration_events WHERE event_id IN ('pending', 'processing') ORDER BY 1",
    ),
  ).toEqual([{ status: 'pending' }, { status: 'processing' }])
})

test('what its filter does not name, and what came later, is no part of it; a filter that names nothing ends', async () => {
  await events(50)
  const [until] = await rows(
    "SELECT e.id FROM integration_events e JOIN projects p ON p.id = project_id WHERE p.name = 'Souq' AND e.event_id = 'evt 5'",
  )
  await replay({ perSecond: 100, until: String(until?.id) })
  await replay({ filter: { type: 'issues' } })
  while (await runner().step());
  expect(await moved()).toEqual([{ notes: 5, events: 5 }])
  expect(await rows('SELECT status, replayed::int FROM event_replays ORDER BY replayed')).toEqual([
    { status: 'done', replayed: 0 },
    { status: 'done', replayed: 5 },
  ])
})

test('cancelled between two steps, it moves nothing more', async () => {
  await events(25)
  await replay()
  await runner().step()
  await due()
  await database.query("UPDATE event_replays SET status = 'cancelled'")
  expect(await runner().step()).toBe(false)
  expect(await moved()).toEqual([{ notes: 10, events: 10 }])
})

test('it begins a minute before the time that it names, because clocks differ, and at the beginning of all without one', () => {
  expect(firstIdAt('2026-11-24T10:00:00Z')).toBe(
    `${Date.parse('2026-11-24T09:59:00Z')
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-0000-0000-000000000000`,
  )
  expect(firstIdAt('1970-01-01T00:00:10Z')).toBe('00000000-0000-0000-0000-000000000000')
  expect(firstIdAt(undefined)).toBe('00000000-0000-0000-0000-000000000000')
})
