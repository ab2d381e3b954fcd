import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { BodyReferences, BodyRetention } from './body-retention.ts'
import { type Address, BodyGone } from './body-store.ts'
import { DirectoryStore } from './directory-store.ts'
import { newKey } from './keys.ts'
import { listed } from './testing/body-store.questions.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const bytes = Buffer.from('a delivery')

class Rows extends BodyReferences {
  readonly urls = new Set<string>()
  readonly asked: { from: Date; to: Date }[] = []

  refersTo(objectUrl: string, from: Date, to: Date): Promise<boolean> {
    this.asked.push({ from, to })
    return Promise.resolve(this.urls.has(objectUrl))
  }
}

let folder: string
let store: DirectoryStore
let rows: Rows
let retention: BodyRetention

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasl-retention-'))
  store = new DirectoryStore(folder)
  rows = new Rows()
  retention = new BodyRetention(store, rows)
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** A body that was last written to so long ago. */
async function kept(agoMs: number, retentionSeconds: number): Promise<Address> {
  const address = await store.put(newKey('segments', retentionSeconds), bytes)
  const then = new Date(Date.now() - agoMs)
  await utimes(join(folder, address.key), then, then)
  return address
}
const isThere = (address: Address): Promise<boolean> =>
  store.read(address).then(
    () => true,
    (error: unknown) => {
      if (error instanceof BodyGone) return false
      throw error
    },
  )

describe('retention', () => {
  test('an object goes when its last body has had its time, by the class in its own key', async () => {
    const due = await kept(72 * HOUR + MINUTE, 72 * 3600)
    const young = await kept(72 * HOUR - MINUTE, 72 * 3600)
    const stricter = await kept(25 * HOUR, 24 * 3600)
    expect(await retention.removeExpired()).toBe(2)
    expect(await Promise.all([due, young, stricter].map(isThere))).toEqual([false, true, false])
    expect(await retention.removeExpired()).toBe(0)
  })

  test('a segment that may still be appended to stays, however short its retention is', async () => {
    const open = await kept(5 * MINUTE, 1)
    const closed = await kept(12 * MINUTE, 1)
    await retention.removeExpired()
    expect(await Promise.all([open, closed].map(isThere))).toEqual([true, false])
  })

  test('two replicas at once remove everything once and fail nowhere', async () => {
    await Promise.all(Array.from({ length: 40 }, () => kept(2 * HOUR, 3600)))
    const other = new BodyRetention(new DirectoryStore(folder), rows)
    await Promise.all([retention.removeExpired(), other.removeExpired()])
    expect(await listed(store, 'segments')).toEqual([])
  })
})

describe('the sweep', () => {
  test('removes what no row refers to, and nothing else', async () => {
    const orphan = await kept(2 * HOUR, 72 * 3600)
    const referred = await kept(2 * HOUR, 72 * 3600)
    rows.urls.add(store.urlOf(referred.key))
    expect(await retention.sweep()).toBe(1)
    expect(await Promise.all([orphan, referred].map(isThere))).toEqual([false, true])
  })

  test('does not even ask while a request may still write the row', async () => {
    const inFlight = await kept(HOUR + 10 * MINUTE, 72 * 3600)
    expect(await retention.sweep()).toBe(0)
    expect(rows.asked).toEqual([])
    expect(await isThere(inFlight)).toBe(true)
  })

  test('asks for rows from before the segment was opened until long after its last body', async () => {
    const lastWrite = Date.now() - 3 * HOUR
    await kept(3 * HOUR, 72 * 3600)
    await retention.sweep()
    const [{ from, to } = { from: new Date(), to: new Date(0) }] = rows.asked
    expect(from.getTime()).toBeLessThanOrEqual(lastWrite - 10 * MINUTE - HOUR + 1_000)
    expect(to.getTime()).toBeGreaterThanOrEqual(lastWrite + HOUR - 1_000)
  })

  test('an answer that cannot be had removes nothing', async () => {
    const orphan = await kept(2 * HOUR, 72 * 3600)
    rows.refersTo = () => Promise.reject(new Error('the database is away'))
    await expect(retention.sweep()).rejects.toThrow('away')
    expect(await isThere(orphan)).toBe(true)
  })

  test('leaves files that are not ours', async () => {
    const neighbour = join(folder, dirname((await kept(2 * HOUR, 60)).key), 'operator-notes.txt')
    await writeFile(neighbour, 'mine')
    await utimes(neighbour, 0, 0)
    await retention.sweep()
    await retention.removeExpired()
    expect((await listed(store, 'segments')).map(({ key }) => key)).toEqual([
      expect.stringContaining('operator-notes'),
    ])
  })
})
