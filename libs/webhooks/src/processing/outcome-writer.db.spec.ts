import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Observation } from '@app/connector-kit'
import { Database } from '@app/database'
import { schedules, type Tasks, WorkQueue } from '@app/jobs'
import { Outbox } from '@app/outbox'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { EventRescuer } from '../event/event-rescuer.ts'
import { AttemptFailed, EVENT_WORK, type EventUnderWork } from './event-work.ts'
import { type FactListener, Facts } from './facts.ts'
import { type Outcome, OutcomeWriter } from './outcome-writer.ts'
import { plainNews } from './plain-news.ts'

let fresh: FreshDatabase
let database: Database
let queue: WorkQueue<EventUnderWork>
let connection: string
let outbox: Outbox
let writer: OutcomeWriter
/** What the room upstairs does with a fact about a payment. */
let room: FactListener

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  queue = new WorkQueue(database, EVENT_WORK)
  const [row] = await database.query<{ id: string }>(
    `WITH p AS (INSERT INTO projects (name) VALUES ('Souq') RETURNING id)
     INSERT INTO integration_connections (project_id, provider, environment) SELECT id, 'github', 'dev' FROM p RETURNING id`,
  )
  connection = row?.id ?? ''
})
beforeEach(() => {
  outbox = new Outbox()
  const facts = new Facts()
  facts.of(['payment'], (unit, fact) => room(unit, fact))
  room = (_, fact) => Promise.resolve({ news: [plainNews(fact)], references: [`of ${fact.observation.ref}`] })
  writer = new OutcomeWriter(database, outbox, facts)
})
afterEach(async () => {
  await writer.close()
  await database.query('TRUNCATE integration_events, event_references, event_attempts, outgoing_events')
})
afterAll(async () => {
  await queue.close()
  await database.close()
  await fresh.drop()
})

async function claimed(count = 1, columns = "'pending', 0, NULL::timestamptz"): Promise<EventUnderWork[]> {
  await database.query(
    `INSERT INTO integration_events (id, connection_id, project_id, environment, provider, event_id, trust, status, retry_count,
       next_retry_at, created_at)
     SELECT ('019ab000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, c.id, c.project_id, c.environment, c.provider,
       'evt ' || n, 'body_signed', ${columns}, now() - interval '1 minute'
     FROM integration_connections c, generate_series(1, $1::int) n`,
    [count],
  )
  return claim()
}
const claim = (): Promise<EventUnderWork[]> => queue.claim({ most: 1_000, perLane: 1_000, not: [] })
const understood = (event: EventUnderWork, fields: Partial<Observation> = {}): Outcome => ({
  event,
  ms: 1,
  kind: 'understood',
  facts: [
    {
      observation: {
        resource: 'payment',
        ref: `chg of evt ${Number(event.id.slice(-12))}`,
        native: 'CAPTURED',
        facts: {},
        ...fields,
      },
      trust: 'signed',
      index: 0,
      origin: {
        eventId: event.id,
        projectId: event.project_id,
        environment: 'dev',
        connectionId: connection,
        provider: 'github',
        receivedAt: event.created_at,
      },
    },
  ],
})
const failed = (event: EventUnderWork, failure = new AttemptFailed('confirmation_failed')): Outcome => ({
  event,
  ms: 1,
  kind: 'failed',
  failure,
})
const writeAll = (outcomes: Outcome[]): Promise<string[]> =>
  Promise.all(outcomes.map((outcome) => writer.write(outcome)))
const states = (): Promise<Record<string, unknown>[]> =>
  database.query(
    `SELECT status::text, retry_count AS attempts, error_message AS error, lease_until IS NULL AS free, data IS NOT NULL AS understood,
       processed_at IS NOT NULL AS processed, round(extract(epoch FROM next_retry_at - now()))::int AS again
     FROM integration_events ORDER BY id`,
  )
const count = async (table: string): Promise<number> => {
  const [row] = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
  return row?.n ?? -1
}
const traces = async (): Promise<Record<string, number>> => ({
  outgoing: await count('outgoing_events'),
  references: await count('event_references'),
  notes: await count('event_attempts'),
})
const DONE = { status: 'completed', free: true, understood: true, processed: true, error: null, again: null }

describe('an event that was understood', () => {
  test('is completed, found by its references, and told of', async () => {
    const [event] = await claimed()
    expect(await writer.write(understood(event!))).toBe('completed')
    expect(await states()).toEqual([{ ...DONE, attempts: 1 }])
    expect(await database.query('SELECT reference FROM event_references ORDER BY 1')).toEqual([
      { reference: 'chg of evt 1' },
      { reference: 'of chg of evt 1' },
      { reference: 'type:provider.unmapped' },
    ])
    expect(await database.query('SELECT event_id FROM outgoing_events')).toEqual([{ event_id: event!.id }])
  })

  test('status, references, outbox, and what the room and the senders wrote: all of it or nothing', async () => {
    await database.query('CREATE TABLE IF NOT EXISTS written (by text)')
    const wrote = (by: string) => `INSERT INTO written VALUES ('${by}')`
    room = async (unit, fact) => {
      await unit.query(wrote('room'))
      return { news: [plainNews(fact)], references: ['ours'] }
    }
    let sending = (): void => undefined
    outbox.onNews(async (unit) => {
      await unit.query(wrote('sender'))
      sending()
    })
    const [event] = await claimed()
    sending = () => {
      throw new Error('the sender cannot')
    }
    expect(await writer.write(understood(event!))).toBe('retrying')
    expect(await traces()).toEqual({ outgoing: 0, references: 0, notes: 1 })
    expect(await count('written')).toBe(0)
    expect(await states()).toMatchObject([{ status: 'retrying', error: 'facts_refused', understood: false }])

    sending = () => undefined
    await database.query('UPDATE integration_events SET next_retry_at = now()')
    const [again] = await claim()
    expect(await writer.write(understood(again!))).toBe('completed')
    expect(await traces()).toEqual({ outgoing: 1, references: 3, notes: 1 })
    expect(await count('written')).toBe(2)
  })

  test('by two workers at once: one of them writes, and the other hears that it has lost', async () => {
    const events = await claimed(50)
    const other = new OutcomeWriter(database, outbox, factsOf(room))
    const [here, there] = await Promise.all([
      writeAll(events.map((event) => understood(event))),
      Promise.all(events.map((event) => other.write(understood(event)))),
    ])
    for (const [n, one] of here.entries()) expect([one, there[n]].sort()).toEqual(['completed', 'lost'])
    expect(await count('outgoing_events')).toBe(50)
    await other.close()
  })
})

describe('a worker that lost its lease', () => {
  const rescuer = (): EventRescuer => new EventRescuer(undefined as unknown as Tasks, database)
  async function lost(): Promise<EventUnderWork> {
    const [event] = await claimed()
    await database.query("UPDATE integration_events SET lease_until = now() - interval '1 second'")
    await rescuer().rescue(new AbortController().signal)
    return event!
  }

  test.each([
    ['what it understood', (event: EventUnderWork) => understood(event)],
    ['its failure', (event: EventUnderWork) => failed(event)],
    [
      'its final failure',
      (event: EventUnderWork) => failed(event, new AttemptFailed('unreadable_body', { permanent: true })),
    ],
  ])('writes nothing: %s', async (_, outcome) => {
    let reactions = 0
    room = (_, fact) => {
      reactions++
      return Promise.resolve({ news: [plainNews(fact)] })
    }
    const event = await lost()
    const before = await states()
    expect(before).toMatchObject([{ status: 'retrying', error: 'worker_lost', attempts: 1 }])
    expect(await writer.write(outcome(event))).toBe('lost')
    expect(await states()).toEqual(before)
    expect(await traces()).toEqual({ outgoing: 0, references: 0, notes: 1 })
    expect(reactions).toBe(0)
  })

  test('and comes in one group with the one that has it now: that one counts, once', async () => {
    let reactions = 0
    room = (_, fact) => {
      reactions++
      return Promise.resolve({ news: [plainNews(fact)] })
    }
    const late = await lost()
    const [now] = (await claim()) as [EventUnderWork]
    expect([late.id, Number(late.lease_token) < Number(now.lease_token)]).toEqual([now.id, true])
    expect(await writeAll([understood(late), understood(now)])).toEqual(['lost', 'completed'])
    expect(reactions).toBe(1)
  })

  test('the same where both failed: one note, one outcome', async () => {
    const late = await lost()
    const [now] = (await claim()) as [EventUnderWork]
    expect(await writeAll([failed(late), failed(now)])).toEqual(['lost', 'retrying'])
    expect(await count("event_attempts WHERE code = 'confirmation_failed'")).toBe(1)
  })
})

describe('a failure', () => {
  test.each(schedules.usual.map((step, n) => [n + 1, step] as const))(
    'of attempt %d: tried again after %d s, by a fifth more or less',
    async (attempt, step) => {
      const events = await claimed(40, `'retrying', ${attempt - 1}, now()`)
      expect(events.map(({ retry_count: n }) => n)).toEqual(Array.from({ length: 40 }, () => attempt))
      expect(new Set(await writeAll(events.map((event) => failed(event))))).toEqual(new Set(['retrying']))
      const delays = (await states()).map(({ again }) => Number(again))
      for (const delay of delays) {
        expect(delay).toBeGreaterThanOrEqual(step * 0.8 - 2)
        expect(delay).toBeLessThanOrEqual(step * 1.2 + 1)
      }
      if (step > 60) expect(new Set(delays).size).toBeGreaterThan(10)
    },
  )

  test('of the ninth attempt is the end', async () => {
    const [event] = await claimed(1, "'retrying', 8, now()")
    expect(await writer.write(failed(event!))).toBe('dead_letter')
    expect(await states()).toMatchObject([
      { status: 'dead_letter', attempts: 9, error: 'confirmation_failed', again: null, free: true },
    ])
  })

  test('that no later attempt would mend is the end at once', async () => {
    const [event] = await claimed()
    expect(await writer.write(failed(event!, new AttemptFailed('body_integrity', { permanent: true })))).toBe(
      'dead_letter',
    )
    expect(await states()).toMatchObject([{ status: 'dead_letter', attempts: 1, error: 'body_integrity' }])
    expect(await database.query('SELECT kind, attempt, code FROM event_attempts')).toEqual([
      { kind: 'failed', attempt: 1, code: 'body_integrity' },
    ])
  })

  test('after which the provider asked for more patience gets it, up to twice the step', async () => {
    const events = await claimed(3)
    const asking = [9, 1, 3_600].map((retryAfter) => new AttemptFailed('confirmation_failed', { retryAfter }))
    await writeAll(events.map((event, n) => failed(event, asking[n])))
    const [longer, shorter, much] = (await states()).map(({ again }) => Number(again))
    expect([8, 9]).toContain(longer)
    expect(shorter).toBeGreaterThanOrEqual(3)
    expect([9, 10]).toContain(much)
  })
})

describe('one of a group of a hundred', () => {
  const bad = 'chg of evt 42'
  const group = async (): Promise<string[]> =>
    writeAll((await claimed(100)).map((event) => understood(event)))
  const afterwards = async (how: Record<string, unknown>): Promise<void> => {
    const all = await states()
    expect(all[41]).toMatchObject({ attempts: 1, understood: false, ...how })
    expect(all.filter((_, n) => n !== 41)).toEqual(
      Array.from({ length: 99 }, () => ({ ...DONE, attempts: 1 })),
    )
    expect(await count('outgoing_events')).toBe(99)
  }

  test('whose room throws is tried again; its neighbours are completed', async () => {
    room = (_, fact) => {
      if (fact.observation.ref === bad) throw new Error('not this one')
      return Promise.resolve({ news: [plainNews(fact)] })
    }
    const written = await group()
    expect([written[41], written.filter((one) => one === 'completed').length]).toEqual(['retrying', 99])
    await afterwards({ status: 'retrying', error: 'facts_refused' })
  })

  test('whose statement the database refuses for what is in it is a dead letter at once', async () => {
    room = async (unit, fact) => {
      await unit.query('SELECT 1 / $1::int', [fact.observation.ref === bad ? 0 : 1])
      return { news: [plainNews(fact)] }
    }
    await group()
    await afterwards({ status: 'dead_letter', error: 'facts_refused' })
  })

  test('whose text the database cannot hold is a dead letter at once', async () => {
    const events = await claimed(100)
    await writeAll(events.map((event, n) => understood(event, n === 41 ? { facts: { note: 'nul \0' } } : {})))
    await afterwards({ status: 'dead_letter', error: 'facts_refused' })
  })

  test('whose room does not come back is given up in time, and writes nothing when it does', async () => {
    let comeBack = (): void => undefined
    const back = new Promise<void>((resolve) => (comeBack = resolve))
    const late: Promise<unknown>[] = []
    room = async (unit, fact) => {
      if (fact.observation.ref === bad) {
        await back
        const write = unit.query("INSERT INTO projects (name) VALUES ('too late')")
        late.push(write.catch((error: unknown) => error))
        await write
      }
      return { news: [plainNews(fact)] }
    }
    const written = await group()
    expect([written[41], written.filter((one) => one === 'completed').length]).toEqual(['retrying', 99])
    await afterwards({ status: 'retrying', error: 'handler_timeout' })
    comeBack()
    await new Promise((resolve) => setImmediate(resolve))
    // Once for the group, once for itself.
    expect(await Promise.all(late)).toEqual([expect.any(Error), expect.any(Error)])
    expect(await count("projects WHERE name = 'too late'")).toBe(0)
  })
})

test('what the database cannot take now stays with its lease: no outcome is claimed, none is written', async () => {
  const [event] = await claimed()
  const gone = await Database.connect(fresh.url)
  await gone.close()
  const away = new OutcomeWriter(gone, outbox, factsOf(room))
  await expect(away.write(understood(event!))).rejects.toThrow()
  expect(await states()).toMatchObject([{ status: 'processing', attempts: 1, free: false }])
})

test('told again, nothing is added: its own events are given to whoever sends, under the replay', async () => {
  const [event] = await claimed()
  await writer.write(understood(event!))
  const [sent] = await database.query<{ id: string }>('SELECT id FROM outgoing_events')
  const told: unknown[] = []
  outbox.onNews((_, news) => {
    told.push(...news)
    return Promise.resolve()
  })
  const replay = '00000000-0000-0000-0000-0000000000f1'
  for (const kind of ['told_again', 'understood'] as const) {
    await database.query(
      "UPDATE integration_events SET status = 'pending', retry_count = 0, next_retry_at = now(), replay_id = $1",
      [replay],
    )
    const [again] = await claim()
    expect(
      await writer.write(kind === 'understood' ? understood(again!) : { event: again!, ms: 1, kind }),
    ).toBe('completed')
    expect(told.splice(0)).toEqual([{ id: sent?.id, replayId: replay }])
    expect(await count('outgoing_events')).toBe(1)
    expect(await states()).toEqual([{ ...DONE, attempts: 1 }])
  }
})

function factsOf(listener: FactListener): Facts {
  const facts = new Facts()
  facts.of(['payment'], listener)
  return facts
}
