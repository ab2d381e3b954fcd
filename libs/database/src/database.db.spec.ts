import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase, sql } from '../../../test/support/database.ts'
import { Database } from './database.ts'
import { Lane } from './lane.ts'
import { Notices } from './notices.ts'

let fresh: FreshDatabase
let database: Database

beforeAll(async () => {
  fresh = await freshDatabase()
  await sql(fresh.url, 'CREATE TABLE marks (word text PRIMARY KEY)')
  database = await Database.connect(fresh.url)
})

afterAll(async () => {
  await database.close()
  await fresh.drop()
})

describe('a transaction', () => {
  test('commits durably, whatever the database says', async () => {
    await sql(
      fresh.url,
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    )
    const careless = await Database.connect(fresh.url)
    try {
      expect(await careless.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }])
      await careless.transaction(async (client) => {
        const { rows } = await client.query('SHOW synchronous_commit')
        expect(rows).toEqual([{ synchronous_commit: 'on' }])
      })
    } finally {
      await careless.close()
    }
  })

  test('leaves nothing when the work fails, and hands the error on', async () => {
    const failing = database.transaction(async (client) => {
      await client.query("INSERT INTO marks VALUES ('half')")
      throw new Error('the work failed')
    })
    await expect(failing).rejects.toThrow('the work failed')
    expect(await database.query("SELECT FROM marks WHERE word = 'half'")).toEqual([])
  })

  test('whose connection is lost between two statements fails alone: the process and the next query live', async () => {
    const failing = database.transaction(async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await sql(fresh.url, 'SELECT pg_terminate_backend($1, 5000)', [rows[0]?.pid])
      return client.query("INSERT INTO marks VALUES ('lost')")
    })
    await expect(failing).rejects.toThrow()
    expect(await database.query("SELECT FROM marks WHERE word = 'lost'")).toEqual([])
  })
})

test('a project is set for one transaction and forgotten after it', async () => {
  const seen = await database.asProject({ projectId: 'p-1', environment: 'dev' }, async (client) => {
    const { rows } = await client.query(
      "SELECT current_setting('wasl.project_id') AS project, current_setting('wasl.environment') AS environment, current_user AS role",
    )
    return rows
  })
  expect(seen).toEqual([{ project: 'p-1', environment: 'dev', role: 'wasl_tenant' }])
  const after = await Promise.all(
    Array.from({ length: 8 }, () =>
      database.query<{ project: string | null }>(
        "SELECT current_setting('wasl.project_id', true) AS project, current_user = session_user AS own",
      ),
    ),
  )
  for (const [row] of after) {
    expect(row).toMatchObject({ own: true })
    expect(row?.project ?? '').toBe('')
  }
})

test('fsync off is a shortcoming in production only', async () => {
  const [row] = await sql<{ fsync: string }>(fresh.url, 'SHOW fsync')
  expect(await database.shortcomings(true)).toEqual(row?.fsync === 'off' ? ['fsync is off'] : [])
  expect(await database.shortcomings(false)).toEqual([])
})

describe('a lane', () => {
  test('commits durably, fails what was in flight when it is cut, and works again at the next use', async () => {
    const lane = new Lane(fresh.url, 'test')
    try {
      const { rows } = await lane.query<{ pid: number; durable: string }>({
        name: 'who',
        text: "SELECT pg_backend_pid() AS pid, current_setting('synchronous_commit') AS durable",
      })
      expect(rows[0]?.durable).toBe('on')
      const inFlight = expect(lane.query({ text: 'SELECT pg_sleep(3)' })).rejects.toThrow()
      await sql(fresh.url, 'SELECT pg_terminate_backend($1, 5000)', [rows[0]?.pid])
      await inFlight
      const again = await lane.query<{ pid: number }>({ name: 'who', text: 'SELECT pg_backend_pid() AS pid' })
      expect(again.rows[0]?.pid).not.toBe(rows[0]?.pid)
    } finally {
      await lane.close()
    }
  })

  test('keeps its connection when a statement is wrong', async () => {
    const lane = new Lane(fresh.url, 'test')
    const pid = async () => (await lane.query({ text: 'SELECT pg_backend_pid() AS pid' })).rows
    try {
      const before = await pid()
      await expect(lane.query({ text: 'SELECT 1 / 0' })).rejects.toMatchObject({ code: '22012' })
      expect(await pid()).toEqual(before)
    } finally {
      await lane.close()
    }
  })

  test('refuses when it is closed', async () => {
    const lane = new Lane(fresh.url, 'test')
    await lane.close()
    await expect(lane.query({ text: 'SELECT' })).rejects.toThrow('closed')
  })
})

test('notices are heard, and a lost connection is told as a gap before they are heard again', async () => {
  const signal = signals()
  const notices = new Notices(
    fresh.url,
    'news',
    (payload) => {
      signal.give(`heard ${payload}`)
    },
    () => {
      signal.give('gap')
    },
  )
  try {
    await notices.start()
    await signal.next('gap')
    expect(notices.listening).toBe(true)
    await sql(fresh.url, "NOTIFY news, 'one'")
    await signal.next('heard one')
    await sql(
      fresh.url,
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'wasl-listen' AND datname = current_database()",
    )
    await signal.next('gap')
    await sql(fresh.url, "NOTIFY news, 'two'")
    await signal.next('heard two')
  } finally {
    await notices.close()
  }
  expect(notices.listening).toBe(false)
})

/** What was said, in its order, awaited one by one. */
function signals() {
  const said: string[] = []
  let wake = (): void => undefined
  return {
    give(word: string): void {
      said.push(word)
      wake()
    },
    async next(word: string): Promise<void> {
      while (said.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      expect(said.shift()).toBe(word)
    },
  }
}
