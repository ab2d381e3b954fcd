import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database, runMigrations } from '@app/database'
import { newId } from '@app/http'
import {
  type FreshDatabase,
  freshDatabase,
  migrationsFolder,
  sql,
} from '../../../../test/support/database.ts'
import { projectSchema, projectSettingsSchema } from './project.schema.ts'
import { Projects } from './projects.ts'

/** A host application's own table: no `name`, and an owner that only the host knows. */
let fresh: FreshDatabase
let database: Database
let projects: Projects
const dataDir = mkdtempSync(join(tmpdir(), 'wasl-projects-'))

beforeAll(async () => {
  fresh = await freshDatabase('blank')
  await sql(fresh.url, 'CREATE TABLE projects (id uuid PRIMARY KEY, owner text NOT NULL)')
  await runMigrations(fresh.url, migrationsFolder)
  database = await Database.connect(fresh.url, [projectSchema, projectSettingsSchema])
  projects = new Projects(database, Settings.read({ DATA_DIR: dataDir }))
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function hosted(): Promise<string> {
  const id = newId()
  await sql(fresh.url, "INSERT INTO projects VALUES ($1, 'the host')", [id])
  return id
}

test("a host's project is there without a word of ours, and nameless", async () => {
  const id = await hosted()
  expect(await projects.get(id)).toMatchObject({ id, name: null, country: null, routing: {} })
  const listed = await projects.list({}, id)
  expect(listed.map((project) => project.id)).toEqual([id])
})

test('it takes settings; what is not named stays; two first ones at once are both kept', async () => {
  const id = await hosted()
  await Promise.all([
    projects.change(id, { country: 'KW' }),
    projects.change(id, { return_origins: ['https://a.example'] }),
    projects.change(id, { routing: { prefer: ['tabby'] } }),
  ])
  await projects.change(id, { country: null })
  expect(await projects.get(id)).toMatchObject({
    country: null,
    return_origins: ['https://a.example'],
    routing: { prefer: ['tabby'] },
  })
})

test('neither made nor named by us: the host does that', async () => {
  const id = await hosted()
  await expect(projects.create({ name: 'Shop' })).rejects.toThrow('made by the host application')
  await expect(projects.change(id, { name: 'Shop' })).rejects.toThrow('made by the host application')
})

test("forgotten by us, the host's row stays, and no answer that was kept for its calls", async () => {
  const id = await hosted()
  await sql(
    fresh.url,
    `INSERT INTO idempotency_keys (project_id, environment, route, key_hash, body_hash, lease_until, expires_at)
     VALUES ($1, 'all', 'r', 'k', 'b', now(), now())`,
    [id],
  )
  await projects.remove(id)
  await expect(projects.get(id)).rejects.toThrow('not_found')
  expect(await sql(fresh.url, 'SELECT FROM idempotency_keys')).toEqual([])
  expect(await sql(fresh.url, 'SELECT owner FROM projects WHERE id = $1', [id])).toEqual([
    { owner: 'the host' },
  ])
})

test('nothing that we kept for it stays', async () => {
  const [doomed, spared] = [await hosted(), await hosted()]
  await sql(
    fresh.url,
    `DO $$ DECLARE p uuid; BEGIN FOREACH p IN ARRAY ARRAY['${doomed}', '${spared}']::uuid[] LOOP
       INSERT INTO integration_connections (id, project_id, provider) VALUES (p, p, 'github');
       INSERT INTO api_keys (id, project_id, scopes, key_hash) VALUES (p::text, p, '{read}', sha256('k'));
       INSERT INTO event_references (project_id, reference, connection_id, event_id) VALUES (p, 'r', p, p);
       INSERT INTO event_attempts (project_id, event_id, kind, attempt) VALUES (p, p, 'failed', 1);
       INSERT INTO event_replays (project_id, requested_by, until_event_id) VALUES (p, 'admin', p);
       INSERT INTO outgoing_events (id, project_id, environment, type, subject, occurred_at, data)
         VALUES (p, p, 'dev', 'code.pushed', 's', now(), '{}');
       INSERT INTO destinations (id, project_id, url) VALUES (p, p, 'https://app.example/');
       INSERT INTO destination_deliveries (id, project_id, environment, destination_id, outgoing_event_id)
         VALUES (p, p, 'dev', p, p);
       INSERT INTO delivery_attempts (delivery_id, project_id, attempt, outcome, duration_ms) VALUES (p, p, 1, 'x', 1);
     END LOOP; END $$`,
  )
  await projects.remove(doomed)
  const tables = await sql<{ name: string }>(
    fresh.url,
    `SELECT table_name AS name FROM information_schema.columns
     WHERE column_name = 'project_id' AND table_schema = 'public' AND table_name <> 'project_settings'`,
  )
  const keptFor = async (project: string): Promise<string[]> => {
    const found: string[] = []
    for (const { name } of tables)
      if ((await sql(fresh.url, `SELECT FROM ${name} WHERE project_id = $1`, [project])).length > 0)
        found.push(name)
    return found.sort()
  }
  expect(await keptFor(doomed)).toEqual([])
  expect(await keptFor(spared)).toEqual(
    expect.arrayContaining([
      'delivery_attempts',
      'destination_deliveries',
      'destinations',
      'outgoing_events',
    ]),
  )
})
