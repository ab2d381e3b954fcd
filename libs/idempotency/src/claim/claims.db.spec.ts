import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { EnvelopeBroken, KeyRing, sha256 } from '@app/secrets'
import { type FreshDatabase, freshDatabase, sql } from '../../../../test/support/database.ts'
import { AnswerVault } from './answer-vault.ts'
import type { Asked, Claim, Held } from './claim.ts'
import { Claims } from './claims.ts'
import { OpenKeys } from './open-keys.ts'

let fresh: FreshDatabase
let database: Database
let claims: Claims
let openKeys: OpenKeys
let project: string
let other: string

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  const vault = new AnswerVault(new KeyRing({ encryptionKeys: [{ id: 'k1', key: Buffer.alloc(32, 1) }] }))
  claims = new Claims(database, vault)
  openKeys = new OpenKeys(vault)
  const rows = await ask<{ id: string }>("INSERT INTO projects (name) VALUES ('a'), ('b') RETURNING id")
  ;[project, other] = rows.map(({ id }) => id) as [string, string]
})
beforeEach(() => ask('TRUNCATE idempotency_keys'))
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const ask = <T extends Record<string, any>>(text: string, values: unknown[] = []) =>
  sql<T>(fresh.url, text, values)
const asked = (how: Partial<Asked> & { key?: string; body?: string } = {}): Asked => ({
  projectId: project,
  environment: null,
  route: 'POST /v1/projects/:p/things',
  keyHash: sha256(how.key ?? 'order-1'),
  fingerprint: sha256(how.body ?? 'body'),
  ...how,
})
const heldBy = (claim: Claim): Held => {
  if (!('held' in claim)) throw new Error(`not ours: ${claim.outcome}`)
  return claim.held
}
const claimed = async (how?: Parameters<typeof asked>[0]): Promise<Held> =>
  heldBy(await claims.claim(asked(how)))
const outcomeOf = async (how?: Parameters<typeof asked>[0]): Promise<string> =>
  (await claims.claim(asked(how))).outcome
const after = (interval: string): Promise<unknown> =>
  ask(
    `UPDATE idempotency_keys SET lease_until = lease_until - $1::interval, expires_at = expires_at - $1::interval,
       created_at = created_at - $1::interval`,
    [interval],
  )

test('of many at once one is the first, and the others find it running', async () => {
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcomeOf()))
  expect(outcomes.sort()).toEqual(['first', ...Array.from({ length: 49 }, () => 'running')])
  expect(await ask('SELECT count(*)::int AS n FROM idempotency_keys')).toEqual([{ n: 1 }])
})

test('of many that would take it over one does, under the same id', async () => {
  const first = await claimed()
  await after('61 seconds')
  const all = await Promise.all(Array.from({ length: 50 }, () => claims.claim(asked())))
  const taken = all.filter(({ outcome }) => outcome === 'taken_over')
  expect(taken.map(heldBy)).toEqual([{ ...first, token: '2', takenOver: true }])
  expect(all.filter(({ outcome }) => outcome === 'running')).toHaveLength(49)
})

test('another request under the same key: whatever became of the first', async () => {
  const held = await claimed()
  expect(await outcomeOf({ body: 'other' })).toBe('reused')
  await claims.abandon(held)
  expect(await outcomeOf({ body: 'other' })).toBe('reused')
  const again = await claimed()
  await claims.keep(again, { status: 201, body: {} })
  expect(await outcomeOf({ body: 'other' })).toBe('reused')
})

test('project, environment, route and key each make another one', async () => {
  await claimed()
  for (const how of [
    { projectId: other },
    { environment: 'dev' },
    { environment: 'prod' },
    { route: 'POST /v1/projects/:p/others' },
    { key: 'another' },
  ] as const)
    expect([how, await outcomeOf(how)]).toEqual([how, 'first'])
  expect(await outcomeOf()).toBe('running')
})

test('a project that is not there, or was forgotten, has no keys', async () => {
  const [gone] = await ask<{ id: string }>("INSERT INTO projects (name) VALUES ('gone') RETURNING id")
  await ask('INSERT INTO project_settings (project_id, deleted_at) VALUES ($1, now())', [gone?.id])
  for (const projectId of ['01a20b6b-0000-7000-8000-000000000000', String(gone?.id)])
    await expect(claims.claim(asked({ projectId }))).rejects.toThrow('not_found')
  expect(await ask('SELECT FROM idempotency_keys')).toEqual([])
})

describe('an answer', () => {
  const answer = { status: 201, body: { name: 'نورة', amount: 10_500, list: [null, 1.5, 'é'] } }

  test('comes back as it was, and lies there sealed, as the key lies hashed', async () => {
    await claims.keep(await claimed(), answer)
    expect(await claims.claim(asked())).toEqual({ outcome: 'replayed', answer })
    const [row] = await ask<{ text: string }>('SELECT k::text AS text FROM idempotency_keys k')
    expect(row?.text).not.toMatch(/نورة|10500|order-1/)
    expect(row?.text).toContain(sha256('order-1').toString('hex'))
  })

  test.each([{ status: 204 }, { status: 200, body: null }, { status: 402, body: { code: 'declined' } }])(
    'also %j',
    async (small) => {
      await claims.keep(await claimed(), small)
      expect(await claims.claim(asked())).toEqual({ outcome: 'replayed', answer: small })
    },
  )

  test('put under another key or project it is not opened', async () => {
    await claims.keep(await claimed(), answer)
    await claims.keep(await claimed({ key: 'mine' }), { status: 200, body: {} })
    await claims.keep(await claimed({ projectId: other }), { status: 200, body: {} })
    await ask(
      `UPDATE idempotency_keys SET response = (SELECT response FROM idempotency_keys WHERE key_hash = $1 AND project_id = $2)`,
      [sha256('order-1'), project],
    )
    expect(await outcomeOf()).toBe('replayed')
    await expect(claims.claim(asked({ key: 'mine' }))).rejects.toThrow(EnvelopeBroken)
    await expect(claims.claim(asked({ projectId: other }))).rejects.toThrow(EnvelopeBroken)
  })
})

describe('a lease', () => {
  test('holds for its time, longer when renewed', async () => {
    const held = await claimed()
    await after('59 seconds')
    expect(await outcomeOf()).toBe('running')
    expect(await claims.renew(held)).toBe(true)
    await after('59 seconds')
    expect(await outcomeOf()).toBe('running')
    await after('2 seconds')
    expect(await outcomeOf()).toBe('taken_over')
  })

  test('who has lost it decides nothing any more', async () => {
    const late = await claimed()
    await after('61 seconds')
    const taker = await claimed()
    expect(await claims.renew(late)).toBe(false)
    expect(await claims.keep(late, { status: 201, body: 'late' })).toBe(false)
    expect(await claims.leaveOpen(late)).toBe(false)
    expect(await claims.abandon(late)).toBe(false)
    await claims.release(late)
    expect(await claims.keep(taker, { status: 201, body: 'taker' })).toBe(true)
    expect(await claims.keep(taker, { status: 201, body: 'twice' })).toBe(false)
    expect(await claims.claim(asked())).toMatchObject({ answer: { body: 'taker' } })
  })

  test('given up: taken over at once; released: never asked', async () => {
    const held = await claimed()
    await claims.abandon(held)
    const taker = await claimed()
    expect(taker).toMatchObject({ id: held.id, takenOver: true })
    await claims.release(taker)
    const anew = await claimed({ body: 'other' })
    expect(anew.takenOver).toBe(false)
    expect(anew.id).not.toBe(held.id)
  })
})

describe('time', () => {
  test.each(['done', 'killed'])('after 72 hours a key is free for anything: %s', async (how) => {
    const held = await claimed()
    if (how === 'done') await claims.keep(held, { status: 201, body: {} })
    await after('71 hours 59 minutes')
    expect(await outcomeOf({ body: 'other' })).toBe('reused')
    await after('1 minute')
    const anew = await claimed({ body: 'other' })
    expect(anew.takenOver).toBe(false)
    expect(anew.id).not.toBe(held.id)
    expect(await outcomeOf({ body: 'other' })).toBe('running')
    const [row] = await ask<{ age: number; left: number }>(
      `SELECT extract(epoch FROM now() - created_at)::float8 AS age, extract(epoch FROM expires_at - now())::float8 AS left
       FROM idempotency_keys`,
    )
    expect(row?.age).toBeLessThan(60)
    expect(row?.left).toBeGreaterThan(71.9 * 3_600)
  })

  test('an open one is bound until it is settled', async () => {
    await claims.leaveOpen(await claimed())
    await after('30 days')
    expect(await outcomeOf()).toBe('open')
    expect(await outcomeOf({ body: 'other' })).toBe('reused')
  })
})

describe('settling', () => {
  const settle = (id: string, projectId = project): Promise<boolean> =>
    database.asProject({ projectId }, (unit) =>
      openKeys.settle(unit, { projectId, id }, { status: 201, body: { status: 'captured' } }),
    )

  test('an open one has an answer then, for a day at least, and only once', async () => {
    const held = await claimed()
    await claims.leaveOpen(held)
    await after('30 days')
    expect(await settle(held.id)).toBe(true)
    expect(await settle(held.id)).toBe(false)
    await after('23 hours')
    expect(await claims.claim(asked())).toEqual({
      outcome: 'replayed',
      answer: { status: 201, body: { status: 'captured' } },
    })
  })

  test("not while somebody is at it; but where its process was killed, and then that one's answer is refused", async () => {
    const held = await claimed()
    expect(await settle(held.id)).toBe(false)
    await after('61 seconds')
    expect(await settle(held.id)).toBe(true)
    expect(await claims.keep(held, { status: 500, body: {} })).toBe(false)
    expect(await outcomeOf()).toBe('replayed')
  })

  test("another project's is not there", async () => {
    const held = await claimed()
    await claims.leaveOpen(held)
    expect(await settle(held.id, other)).toBe(false)
    expect(await outcomeOf()).toBe('open')
  })

  test('undone with what it was found with', async () => {
    const held = await claimed()
    await claims.leaveOpen(held)
    const undone = database.transaction(async (unit) => {
      await openKeys.settle(unit, { projectId: project, id: held.id }, { status: 201, body: {} })
      throw new Error('the payment was not written')
    })
    await expect(undone).rejects.toThrow('not written')
    expect(await outcomeOf()).toBe('open')
  })
})

test("the database itself shows a project's keys to it alone, and an environment's to that one", async () => {
  await claimed({ environment: 'dev' })
  await claimed()
  const seen = async (projectId: string, environment: 'dev' | 'prod' | null): Promise<number> =>
    database.asProject({ projectId, environment }, async ({ query }) => {
      const { rows } = await query<{ n: number }>('SELECT count(*)::int AS n FROM idempotency_keys')
      return rows[0]?.n ?? -1
    })
  expect(await seen(project, null)).toBe(2)
  expect(await seen(project, 'dev')).toBe(1)
  expect(await seen(project, 'prod')).toBe(0)
  expect(await seen(other, null)).toBe(0)
})
