import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { EntitySchema } from '@mikro-orm/core'
import pg from 'pg'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { Database, type Work } from '../database.ts'

class Note {
  readonly at!: Date
  readonly lease!: bigint

  constructor(
    readonly id: string,
    readonly project_id: string,
    readonly words: string,
    readonly tags: string[] = [],
    readonly facts: unknown = {},
  ) {}

  reword(words: string): void {
    Object.assign(this, { words })
  }
}

const noteSchema = new EntitySchema({
  class: Note,
  tableName: 'notes',
  properties: {
    id: { type: 'text', primary: true },
    project_id: { type: 'uuid' },
    words: { type: 'text' },
    tags: { type: 'string[]', columnType: 'text[]' },
    facts: { type: 'json', columnType: 'jsonb' },
    at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    lease: { type: 'bigint', default: 0 },
  },
})

const OURS = '01a20b6b-0000-7000-8000-000000000001'
const THEIRS = '01a20b6b-0000-7000-8000-000000000002'
let fresh: FreshDatabase
let database: Database

beforeAll(async () => {
  fresh = await freshDatabase()
  await sql(
    fresh.url,
    `CREATE TABLE notes (id text PRIMARY KEY, project_id uuid NOT NULL, words text NOT NULL, tags text[] NOT NULL,
       facts jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now(), lease bigint NOT NULL DEFAULT 0);
     ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
     GRANT ALL ON notes TO wasl_tenant;
     CREATE POLICY tenant ON notes TO wasl_tenant USING (project_id = current_setting('wasl.project_id')::uuid)`,
  )
  database = await Database.connect(fresh.url, [noteSchema])
})
beforeEach(() => sql(fresh.url, 'TRUNCATE notes'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const words = async (): Promise<unknown[]> =>
  (await database.query<{ words: string }>('SELECT words FROM notes ORDER BY id')).map((row) => row.words)

test('entities and SQL share one durable transaction; what entities have become is written at its end', async () => {
  await database.transaction(async ({ em, query }) => {
    em.persist(new Note('a', OURS, 'one'))
    await em.flush()
    const { rows } = await query("SELECT words, current_setting('synchronous_commit') AS durable FROM notes")
    expect(rows).toEqual([{ words: 'one', durable: 'on' }])
    const note = await em.findOneOrFail(Note, { id: 'a' })
    note.reword('two')
  })
  expect(await words()).toEqual(['two'])
})

test('fails as a whole: nothing of the entities, nothing of the SQL', async () => {
  const failing = database.transaction(async ({ em, query }) => {
    await em.persist(new Note('a', OURS, 'one')).flush()
    await query("INSERT INTO notes VALUES ('b', $1, 'by hand', '{}', '{}')", [OURS])
    em.persist(new Note('a', OURS, 'the same again'))
  })
  await expect(failing).rejects.toThrow()
  const clash = database.transaction(async (unit) => {
    await unit.query("INSERT INTO notes VALUES ('a', $1, 'by hand', '{}', '{}')", [OURS])
    unit.em.persist(new Note('a', OURS, 'one'))
  })
  await expect(clash).rejects.toMatchObject({ code: '23505', constraint: 'notes_pkey' })
  expect(await words()).toEqual([])
})

test("a tenant's entity manager finds, changes and makes its own rows only", async () => {
  await database.transaction(async ({ em }) => {
    em.persist([new Note('a', OURS, 'ours'), new Note('b', THEIRS, 'theirs')])
  })
  const seen = await database.asProject({ projectId: OURS }, async ({ em }) => {
    const notes = await em.find(Note, {})
    for (const note of notes) note.reword('read')
    expect(await em.findOne(Note, { id: 'b' })).toBeNull()
    return notes.map(({ id }) => id)
  })
  expect(seen).toEqual(['a'])
  expect(await words()).toEqual(['read', 'theirs'])
  const foreign = database.asProject({ projectId: OURS }, async ({ em }) => {
    em.persist(new Note('c', THEIRS, 'smuggled'))
  })
  await expect(foreign).rejects.toMatchObject({ code: '42501' })
})

test('an entity manager that outlives its unit of work asks nothing more: its client may serve another tenant', async () => {
  let kept: Work['em'] | undefined
  await database.asProject({ projectId: OURS }, async ({ em }) => {
    kept = em
  })
  await expect(kept?.find(Note, {})).rejects.toThrow('this unit of work has ended')
  kept?.persist(new Note('late', OURS, 'late'))
  await expect(kept?.flush()).rejects.toThrow('this unit of work has ended')
  expect(await words()).toEqual([])
})

test('lost connections cost their units of work and no more, however often', async () => {
  for (let n = 0; n < 10; n++) {
    const lost = database.transaction(async ({ em, query }) => {
      const { rows } = await query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await sql(fresh.url, 'SELECT pg_terminate_backend($1, 5000)', [rows[0]?.pid])
      em.persist(new Note('lost', OURS, 'lost'))
    })
    await expect(lost).rejects.toThrow()
  }
  expect(await database.reader().find(Note, {})).toEqual([])
})

test('a connection that is lost under a question, or under a lock, fails what it carried and nothing else', async () => {
  const cut = (what: string): Promise<unknown> =>
    sql(
      fresh.url,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE $1`,
      [what],
    )
  const holder = new pg.Client({ connectionString: fresh.url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE notes')
  const question = expect(database.reader().find(Note, {})).rejects.toThrow()
  for (let waiting = 0; waiting === 0;) {
    const [row] = await sql<{ n: number }>(
      fresh.url,
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )
    waiting = row?.n ?? 0
  }
  await cut('select%notes%')
  await question
  await holder.end()
  expect(await database.withLock('some task', () => cut('%pg_try_advisory_lock%'))).toHaveLength(1)
  expect(await database.reader().find(Note, {})).toEqual([])
})

test('one pool for SQL and entities: eight connections at most', async () => {
  await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      n % 2 ? database.query('SELECT 1') : database.reader().find(Note, {}),
    ),
  )
  const [row] = await sql<{ n: number }>(
    fresh.url,
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wasl'",
  )
  expect(row?.n).toBeGreaterThan(0)
  expect(row?.n).toBeLessThanOrEqual(8)
})

test.each(['on', 'off'])(
  'text comes back as it went in, and is never SQL (standard_conforming_strings %s)',
  async (setting) => {
    const nasty = ["'", "''); DROP TABLE notes; --", '\\', "\\'", "\\\\'", '? :name $1', '{"a",b}', 'وصل', '']
    await database.transaction(async ({ em, query }) => {
      await query(`SET LOCAL standard_conforming_strings = ${setting}`)
      for (const [n, text] of nasty.entries())
        em.persist(new Note(`n${n}`, OURS, text, [text, text], { [text]: [text] }))
      await em.flush()
      for (const [n, text] of nasty.entries()) {
        const found = await em.findOneOrFail(Note, { words: text }, { refresh: true })
        expect([found.id, found.words, found.tags, found.facts]).toEqual([
          `n${n}`,
          text,
          [text, text],
          { [text]: [text] },
        ])
      }
    })
  },
)

test('numbers beyond 2^53 and moments stay what they are', async () => {
  await sql(
    fresh.url,
    "INSERT INTO notes VALUES ('a', $1, '', '{}', '{}', '2026-11-24T00:00:00.123Z', 9007199254740993)",
    [OURS],
  )
  const note = await database.reader().findOne(Note, { id: 'a' })
  expect([note?.lease, note?.at]).toEqual([9007199254740993n, new Date('2026-11-24T00:00:00.123Z')])
})
