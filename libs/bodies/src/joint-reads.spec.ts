import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Address, BodyGone } from './body-store.ts'
import { JointReads } from './joint-reads.ts'

const MIB = 1024 * 1024
/** Two objects of 4 MiB, of which each byte tells where it lies; `c` is gone. */
const objects: Record<string, Buffer> = {
  a: Buffer.from(Uint32Array.from({ length: MIB }, (_, n) => n).buffer),
  b: Buffer.from(Uint32Array.from({ length: MIB }, (_, n) => ~n).buffer),
}

function reads(): { joint: JointReads; trips: Address[]; alone(address: Address): Buffer } {
  const trips: Address[] = []
  const alone = ({ key, offset, length }: Address): Buffer => {
    const object = objects[key]
    if (!object) throw new BodyGone()
    return object.subarray(offset, offset + length)
  }
  const read = (address: Address): Promise<Buffer> => {
    trips.push(address)
    return Promise.resolve().then(() => alone(address))
  }
  return { joint: new JointReads({ read }), trips, alone }
}

test('what lies side by side comes in one trip', async () => {
  const { joint, trips, alone } = reads()
  const addresses = Array.from({ length: 100 }, (_, n) => ({ key: 'a', offset: n * 2_000, length: 2_000 }))
  const bodies = await Promise.all(addresses.map((address) => joint.read(address)))
  expect(bodies).toEqual(addresses.map(alone))
  expect(trips).toEqual([{ key: 'a', offset: 0, length: 200_000 }])
})

test('each gets what it would have got alone, wherever it lies, also behind the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          key: fc.constantFrom('a', 'b'),
          offset: fc.integer({ min: 0, max: 4 * MIB + 50_000 }),
          length: fc.integer({ min: 0, max: 40_000 }),
        }),
        { maxLength: 40 },
      ),
      async (addresses) => {
        const { joint, alone } = reads()
        const bodies = await Promise.all(addresses.map((address) => joint.read(address)))
        expect(bodies.map((body, n) => body.equals(alone(addresses[n]!)))).toEqual(addresses.map(() => true))
      },
    ),
  )
})

test('no trip takes more than a MiB, but for one body that is longer by itself', async () => {
  const { joint, trips } = reads()
  const many = Array.from({ length: 50 }, (_, n) => ({ key: 'a', offset: n * 60_000, length: 60_000 }))
  await Promise.all([...many, { key: 'b', offset: 0, length: 3 * MIB }].map((address) => joint.read(address)))
  expect(trips.filter(({ length }) => length > MIB)).toEqual([{ key: 'b', offset: 0, length: 3 * MIB }])
})

test('an object that is gone takes no other along', async () => {
  const { joint, alone } = reads()
  const there = { key: 'a', offset: 5, length: 5 }
  const gone = joint.read({ key: 'c', offset: 0, length: 5 })
  await Promise.all([
    expect(gone).rejects.toThrow(BodyGone),
    expect(joint.read(there)).resolves.toEqual(alone(there)),
  ])
})
