import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ConnectorContexts, WebhookAddresses } from '@app/connections'
import type { Missed } from '@app/connector-kit'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import type { Fetched, FetchedDeliveries } from './fetched-deliveries.ts'
import { GapChecks, sinceOf, type Suspect } from './gap-checks.ts'
import { GapSearch } from './gap-search.ts'

let fresh: FreshDatabase
let database: Database
let checks: GapChecks
let suspect: Suspect
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  checks = new GapChecks(database)
})
beforeEach(async () => {
  await database.query('DELETE FROM projects')
  await database.query(
    `WITH p AS (INSERT INTO projects (name) VALUES ('p') RETURNING id)
     INSERT INTO integration_connections (project_id, provider, status, credentials, webhook_url)
     SELECT id, 'github', 'connected', '{"v": 1}', 'https://wasl.example/webhooks/github/k' FROM p`,
  )
  const [row] = await checks.after('00000000-0000-0000-0000-000000000000', ['github'], 10)
  suspect = row!
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const came = (key: string): Promise<unknown> =>
  database.query(
    `INSERT INTO integration_events (connection_id, project_id, environment, provider, event_id)
     SELECT id, project_id, environment, provider, $1 FROM integration_connections`,
    [key],
  )
const looked = async (): Promise<Suspect | undefined> =>
  (await checks.after('00000000-0000-0000-0000-000000000000', ['github'], 10))[0]

/** A search over what a provider lists, each fetched as told. */
function searching(
  keys: Iterable<string>,
  fetch: (key: string) => Fetched | Error = () => 'found',
): { search: GapSearch; asked: string[] } {
  const asked: string[] = []
  async function* missed(): AsyncGenerator<Missed> {
    for (const dedupeKey of keys)
      yield { dedupeKey, at: new Date(), headers: {}, body: async () => Buffer.alloc(0) }
  }
  const lent = { connector: { webhooks: { missed } }, ctx: {} }
  const own = { url: suspect.webhook_url, leadsHere: () => true }
  const search = new GapSearch(
    { lend: () => lent } as unknown as ConnectorContexts,
    { ownOf: async () => own } as unknown as WebhookAddresses,
    checks,
    {
      async fetch(_id: string, _url: string, { dedupeKey }: Missed) {
        asked.push(dedupeKey)
        const outcome = fetch(dedupeKey)
        if (outcome instanceof Error) throw outcome
        return outcome
      },
    } as unknown as FetchedDeliveries,
  )
  return { search, asked }
}
const signal = new AbortController().signal
const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `key ${n}`)

describe('a look', () => {
  test('asks only for what never arrived, whatever its name is, and is noted', async () => {
    const strange = ['x'.repeat(300), 'nul \0', 'half \ud800', 'مرحبا']
    await came('key 1')
    const tally = { listed: 0, found: 0 }
    const { search, asked } = searching([...numbered(3), ...strange])
    expect(await search.of(suspect, tally, signal)).toBe('done')
    expect(asked).toEqual(['key 0', 'key 2', ...strange])
    expect(tally).toEqual({ listed: 7, found: 6 })
    expect((await looked())?.checked_until).toEqual(suspect.now)
  })

  test('of one that fails is not noted, and has still found what is behind it', async () => {
    const tally = { listed: 0, found: 0 }
    const { search, asked } = searching(numbered(5), (key) => (key === 'key 1' ? new Error('no') : 'found'))
    await expect(search.of(suspect, tally, signal)).rejects.toThrow('no')
    expect([asked.length, tally.found]).toEqual([5, 4])
    expect((await looked())?.checked_until).toBeNull()
  })

  test('ends where a provider fails three times', async () => {
    const { search, asked } = searching(numbered(50), () => new Error('no'))
    await expect(search.of(suspect, { listed: 0, found: 0 }, signal)).rejects.toThrow('no')
    expect(asked).toHaveLength(3)
  })

  test('fetches a thousand; the next one goes on', async () => {
    const { search, asked } = searching(numbered(1_050))
    expect(await search.of(suspect, { listed: 0, found: 0 }, signal)).toBe('unfinished')
    expect(asked).toHaveLength(1_000)
    expect((await looked())?.checked_until).toBeNull()
  })

  test('begins nothing more once the process stops', async () => {
    const stop = new AbortController()
    const { search, asked } = searching(numbered(5), () => {
      stop.abort()
      return 'found'
    })
    expect(await search.of(suspect, { listed: 0, found: 0 }, stop.signal)).toBe('unfinished')
    expect(asked).toHaveLength(1)
  })

  test('counts what arrived meanwhile, or is gone, as found by nobody', async () => {
    const tally = { listed: 0, found: 0 }
    const { search } = searching(numbered(3), (key) => (key === 'key 0' ? 'arrived' : 'gone'))
    expect(await search.of(suspect, tally, signal)).toBe('done')
    expect(tally).toEqual({ listed: 3, found: 0 })
  })
})

test('a look that ends late does not take back what a later one has done', async () => {
  await checks.done(suspect.id, suspect.now, 3)
  await checks.done(suspect.id, new Date(suspect.now.getTime() - 60_000), 0)
  expect((await looked())?.checked_until).toEqual(suspect.now)
})

test('the next look begins an hour before the end of the last, never more than three days ago', () => {
  const now = new Date('2026-01-10T00:00:00Z')
  const since = (checked_until: string | null): string =>
    sinceOf({ now, checked_until: checked_until === null ? null : new Date(checked_until) }).toISOString()
  expect(since(null)).toBe('2026-01-07T00:00:00.000Z')
  expect(since('2026-01-09T12:00:00Z')).toBe('2026-01-09T11:00:00.000Z')
  expect(since('2026-01-01T00:00:00Z')).toBe('2026-01-07T00:00:00.000Z')
})

test.each(['pending', 'failed', 'expired', 'disconnected', 'suspended'])(
  'a connection that is %s is not looked through',
  async (status) => {
    await database.query('UPDATE integration_connections SET status = $1', [status])
    expect(await looked()).toBeUndefined()
  },
)
