import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Address, BodyGone, type BodyStore, BodyStoreUnavailable } from '../body-store.ts'
import { newKey } from '../keys.ts'

const RETENTION = 259_200
const MIB = 1024 * 1024

/** What every store must answer the same way. `refusesTakenNames`: the test's server can tell. */
export function askBodyStore(
  store: () => BodyStore,
  { refusesTakenNames }: { refusesTakenNames: boolean },
): void {
  test.each([0, 1, 44, 4096, MIB, 25 * MIB])('gives back %d bytes exactly as they came', async (size) => {
    const bytes = randomBytes(size)
    for (const address of [
      await store().append(bytes, RETENTION),
      await store().put(newKey('single', RETENTION), bytes),
    ]) {
      expect(digest(await store().read(address))).toBe(digest(bytes))
    }
  })

  test('gives each of many concurrent bodies its own bytes, and neighbours their own retention', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(60, 600, RETENTION)), {
          minLength: 1,
          maxLength: 60,
        }),
        async (bodies) => {
          const addresses = await Promise.all(
            bodies.map(([bytes, retention]) => store().append(Buffer.from(bytes), retention)),
          )
          for (const [index, [bytes, retention]] of bodies.entries()) {
            const address = addresses[index] as Address
            expect(address.key).toMatch(new RegExp(`^segments/${retention}/\\d{8}/`))
            expect(await store().read(address)).toEqual(Buffer.from(bytes))
          }
        },
      ),
      { numRuns: 8 },
    )
  })

  test('shares objects: 500 bodies at once take far fewer than 500', async () => {
    const bodies = Array.from({ length: 500 }, (_, n) => Buffer.from(`body ${n} `.repeat(n % 50)))
    const addresses = await Promise.all(bodies.map((bytes) => store().append(bytes, RETENTION)))
    expect(new Set(addresses.map(({ key }) => key)).size).toBeLessThan(50)
    for (const [index, bytes] of bodies.entries()) {
      expect(await store().read(addresses[index] as Address)).toEqual(bytes)
    }
  })

  test('lists what it holds, and no longer what was removed', async () => {
    const before = Date.now()
    const { key } = await store().put(newKey('single', RETENTION), Buffer.from('x'))
    const found = (await listed(store(), 'single')).find((object) => object.key === key)
    expect(Math.abs((found?.modifiedAt.getTime() ?? 0) - before)).toBeLessThan(60_000)
    await store().remove(key)
    expect((await listed(store(), 'single')).map((object) => object.key)).not.toContain(key)
  })

  describe('what is not there', () => {
    test('is gone, and removing it again is fine', async () => {
      const address = await store().put(newKey('single', RETENTION), Buffer.from('x'))
      await store().remove(address.key)
      await store().remove(address.key)
      await expect(store().read(address)).rejects.toThrow(BodyGone)
    })

    test('behind the end gives fewer bytes, never others', async () => {
      const address = await store().put(newKey('single', RETENTION), Buffer.from('12345'))
      expect(await store().read({ ...address, length: 50 })).toEqual(Buffer.from('12345'))
      expect(await store().read({ ...address, offset: 50 })).toHaveLength(0)
    })
  })

  if (refusesTakenNames) {
    test('refuses to write where something lies, and leaves that as it was', async () => {
      const key = newKey('single', RETENTION)
      const first = await store().put(key, Buffer.from('first'))
      await expect(store().put(key, Buffer.from('other'))).rejects.toThrow(BodyStoreUnavailable)
      expect(await store().read(first)).toEqual(Buffer.from('first'))
    })
  }

  test('says that it is ready, and leaves nothing behind by saying so', async () => {
    const before = (await listed(store(), 'single')).length
    await store().check()
    expect(await listed(store(), 'single')).toHaveLength(before)
  })
}

export async function listed(store: BodyStore, prefix: string): Promise<{ key: string; modifiedAt: Date }[]> {
  const objects = []
  for await (const object of store.list(prefix)) objects.push(object)
  return objects
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
