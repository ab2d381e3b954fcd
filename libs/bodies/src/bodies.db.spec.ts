import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '@app/database'
import { KeyRing, sha256 } from '@app/secrets'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.ts'
import { Bodies, type BodyOwner } from './bodies.ts'
import { BodyKeys, placeOf } from './body-keys.ts'
import { BodyBroken, BodyGone } from './body-store.ts'
import { DirectoryStore } from './directory-store.ts'
import { addressOf } from './keys.ts'

const RETENTION = 259_200
const oldKey = { id: 'k1', key: randomBytes(32) }
const newerKey = { id: 'k2', key: randomBytes(32) }

let fresh: FreshDatabase
let database: Database
let folder: string
let store: DirectoryStore
let bodies: Bodies

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  folder = await mkdtemp(join(tmpdir(), 'wasl-bodies-'))
  store = new DirectoryStore(folder)
  bodies = new Bodies(store, replica())
})
afterAll(async () => {
  await store.close()
  await database.close()
  await fresh.drop()
  await rm(folder, { recursive: true, force: true })
})

function replica(keyRing = new KeyRing({ encryptionKeys: [oldKey] })): BodyKeys {
  return new BodyKeys(database, keyRing)
}

async function anOwner(): Promise<BodyOwner> {
  const projectId = randomUUID()
  await database.query("INSERT INTO projects (id, name) VALUES ($1, 'Souq')", [projectId])
  return { projectId, environment: 'prod', id: randomUUID() }
}

const rowOf = (body: Buffer): { sha256: string; size: number } => ({
  sha256: sha256(body).toString('hex'),
  size: body.length,
})
const keysOf = (projectId: string): Promise<{ id: string; retired: boolean; kid: string | null }[]> =>
  database.query(
    `SELECT id, retired_at IS NOT NULL AS retired, wrapped_key ->> 'kid' AS kid FROM body_keys
     WHERE project_id = $1 ORDER BY created_at`,
    [projectId],
  )

describe('a body', () => {
  test('comes back exactly, kept among others or alone', async () => {
    const owner = await anOwner()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.boolean(), async (array, alone) => {
        const body = Buffer.from(array)
        const url = alone
          ? await bodies.keepAlone(body, owner, RETENTION)
          : await bodies.keep(body, owner, RETENTION)
        expect(await bodies.read(url, owner, rowOf(body))).toEqual(body)
      }),
      { numRuns: 30 },
    )
  })

  test('500 at once, of many projects, each come back to their own', async () => {
    const owners = await Promise.all(Array.from({ length: 5 }, anOwner))
    const kept = await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const owner = { ...owners[n % 5]!, id: randomUUID() }
        const body = randomBytes(n * 7)
        return { owner, body, url: await bodies.keep(body, owner, RETENTION) }
      }),
    )
    for (const { owner, body, url } of kept) expect(await bodies.read(url, owner, rowOf(body))).toEqual(body)
  })

  test('lies encrypted: nothing of it can be found in the store', async () => {
    const owner = await anOwner()
    const body = Buffer.from('CANARY-7f3a')
    const url = await bodies.keep(body, owner, RETENTION)
    const { key, offset, length } = addressOf(url)
    const stored = await store.read({ key, offset, length })
    expect(stored.includes(body)).toBe(false)
    expect(url).not.toContain(owner.projectId)
  })

  test.each<[string, (owner: BodyOwner) => Promise<BodyOwner> | BodyOwner]>([
    ['another project', async (owner) => ({ ...owner, projectId: (await anOwner()).projectId })],
    ['another environment', (owner) => ({ ...owner, environment: 'dev' })],
    ['another event', (owner) => ({ ...owner, id: randomUUID() })],
  ])('does not open for %s', async (_, other) => {
    const owner = await anOwner()
    const body = Buffer.from('{"amount": 1.5}')
    const url = await bodies.keep(body, owner, RETENTION)
    await expect(bodies.read(url, await other(owner), rowOf(body))).rejects.toThrow(BodyBroken)
  })

  test('of which any one byte was changed is broken: version, key id, IV, text or tag', async () => {
    const owner = await anOwner()
    const body = Buffer.from('{"amount": 1.5}')
    const url = await bodies.keepAlone(body, owner, RETENTION)
    const { key, length } = addressOf(url)
    const file = await open(join(folder, key), 'r+')
    try {
      const sound = (await file.read(Buffer.alloc(length), 0, length, 0)).buffer
      for (let at = 0; at < length; at++) {
        await file.write(Buffer.of(sound[at]! ^ 0x11), 0, 1, at)
        await expect(bodies.read(url, owner, rowOf(body))).rejects.toThrow(BodyBroken)
        await file.write(sound, at, 1, at)
      }
      expect(await bodies.read(url, owner, rowOf(body))).toEqual(body)
      await file.truncate(length - 1)
      await expect(bodies.read(url, owner, rowOf(body))).rejects.toThrow(BodyBroken)
    } finally {
      await file.close()
    }
  })

  test('that does not match its row in hash or size is broken, even if it decrypts', async () => {
    const owner = await anOwner()
    const body = Buffer.from('twelve bytes')
    const url = await bodies.keep(body, owner, RETENTION)
    const { size, sha256: hash } = rowOf(body)
    await expect(bodies.read(url, owner, { size: size + 1, sha256: hash })).rejects.toThrow(BodyBroken)
    await expect(bodies.read(url, owner, { size, sha256: rowOf(Buffer.from('x')).sha256 })).rejects.toThrow(
      BodyBroken,
    )
  })

  test('that was removed is gone', async () => {
    const owner = await anOwner()
    const body = Buffer.from('x')
    const url = await bodies.keepAlone(body, owner, RETENTION)
    await bodies.remove(url)
    await expect(bodies.read(url, owner, rowOf(body))).rejects.toThrow(BodyGone)
  })
})

describe('keys', () => {
  test('many replicas that need a first key at once agree on one', async () => {
    const { projectId } = await anOwner()
    const keys = await Promise.all(Array.from({ length: 12 }, () => replica().current(projectId)))
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1)
    expect(new Set(keys.map(({ key }) => key.export().toString('hex'))).size).toBe(1)
    expect(await keysOf(projectId)).toHaveLength(1)
  })

  test('after a month a new one seals, the old one still opens', async () => {
    const owner = await anOwner()
    const body = Buffer.from('old')
    const url = await bodies.keep(body, owner, RETENTION)
    await database.query(
      "UPDATE body_keys SET created_at = now() - interval '31 days' WHERE project_id = $1",
      [owner.projectId],
    )
    const renewed = await Promise.all([1, 2, 3].map(() => replica().current(owner.projectId)))
    expect(new Set(renewed.map(({ id }) => id)).size).toBe(1)
    expect((await keysOf(owner.projectId)).map(({ retired }) => retired)).toEqual([true, false])
    expect(await new Bodies(store, replica()).read(url, owner, rowOf(body))).toEqual(body)
  })

  test('one that was used too often by this process gives way before its month is over', async () => {
    class SoonWorn extends BodyKeys {
      protected override readonly usesAtMost = 3
    }
    const { projectId } = await anOwner()
    const keys = new SoonWorn(database, new KeyRing({ encryptionKeys: [oldKey] }))
    const ids: string[] = []
    for (let n = 0; n < 7; n++) ids.push((await keys.current(projectId)).id)
    expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 0, 0, 3, 3, 3, 6])
  })

  test('destroyed: what was kept is gone for good, the row says when, and the project can begin anew', async () => {
    const owner = await anOwner()
    const body = Buffer.from('forget me')
    const keys = replica()
    const kept = new Bodies(store, keys)
    const url = await kept.keep(body, owner, RETENTION)
    await keys.destroy(owner.projectId)
    await expect(kept.read(url, owner, rowOf(body))).rejects.toThrow(BodyGone)
    await expect(new Bodies(store, replica()).read(url, owner, rowOf(body))).rejects.toThrow(BodyGone)
    const [row] = await database.query<{ wrapped_key: unknown; destroyed_at: Date }>(
      'SELECT wrapped_key, destroyed_at FROM body_keys WHERE project_id = $1',
      [owner.projectId],
    )
    expect(row).toMatchObject({ wrapped_key: null, destroyed_at: expect.any(Date) })
    expect(await kept.read(await kept.keep(body, owner, RETENTION), owner, rowOf(body))).toEqual(body)
  })

  test('go with their project', async () => {
    const owner = await anOwner()
    await bodies.keep(Buffer.from('x'), owner, RETENTION)
    await database.query('DELETE FROM projects WHERE id = $1', [owner.projectId])
    expect(await keysOf(owner.projectId)).toEqual([])
  })

  test('wrapped anew under another of ENCRYPTION_KEYS open the same bodies, with the old one taken away', async () => {
    const owner = await anOwner()
    const body = Buffer.from('rotated')
    const url = await bodies.keep(body, owner, RETENTION)
    const both = new KeyRing({ encryptionKeys: [newerKey, oldKey] })
    const [row] = await database.query<{ id: string; wrapped_key: unknown }>(
      'SELECT id, wrapped_key FROM body_keys WHERE project_id = $1',
      [owner.projectId],
    )
    await database.query('UPDATE body_keys SET wrapped_key = $2 WHERE id = $1', [
      row!.id,
      both.rewrap(row!.wrapped_key, placeOf(row!.id, owner.projectId)),
    ])
    const after = new Bodies(store, replica(new KeyRing({ encryptionKeys: [newerKey] })))
    expect(await after.read(url, owner, rowOf(body))).toEqual(body)
  })

  test('a failed look-up is not remembered', async () => {
    const projectId = randomUUID()
    const keys = replica()
    await expect(keys.current(projectId)).rejects.toThrow()
    await database.query("INSERT INTO projects (id, name) VALUES ($1, 'late')", [projectId])
    expect((await keys.current(projectId)).key.symmetricKeySize).toBe(32)
  })
})
