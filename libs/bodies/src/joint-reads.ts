import type { Address, BodyStore } from './body-store.ts'

interface Asked extends Address {
  resolve(bytes: Buffer): void
  reject(error: unknown): void
}

/** Neighbours that are read in one trip, up to `end`. */
interface Trip {
  asked: Asked[]
  end: number
}

/** One read takes no more than this, unless a single body is longer. */
const MOST_BYTES = 1024 * 1024
/** What lies between two neighbours and nobody asked for is read along, up to this. */
const MOST_GAP_BYTES = 16 * 1024

/**
 * Reads that are asked for in one turn of the loop and lie beside each other in one object go to the store together:
 * what was kept as a group comes back as one. Each gets what it would have got alone.
 */
export class JointReads {
  #asked: Asked[] = []

  constructor(private readonly store: Pick<BodyStore, 'read'>) {}

  read({ key, offset, length }: Address): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#asked.push({ key, offset, length, resolve, reject }) > 1) return
      setImmediate(() => {
        for (const trip of tripsFor(this.#asked.splice(0))) void this.#make(trip)
      })
    })
  }

  async #make({ asked, end }: Trip): Promise<void> {
    const { key, offset } = asked[0]!
    try {
      const bytes = await this.store.read({ key, offset, length: end - offset })
      for (const { offset: at, length, resolve } of asked)
        resolve(bytes.subarray(at - offset, at - offset + length))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}

function tripsFor(asked: Asked[]): Trip[] {
  const trips: Trip[] = []
  for (const next of asked.sort(byPlace)) {
    const trip = trips.at(-1)
    const end = next.offset + next.length
    if (trip && goesAlong(trip, next)) {
      trip.asked.push(next)
      trip.end = Math.max(trip.end, end)
    } else trips.push({ asked: [next], end })
  }
  return trips
}

function byPlace(a: Address, b: Address): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  return a.offset - b.offset
}

function goesAlong({ asked, end }: Trip, { key, offset, length }: Address): boolean {
  const first = asked[0]!
  const isNear = key === first.key && offset - end <= MOST_GAP_BYTES
  return isNear && Math.max(end, offset + length) - first.offset <= MOST_BYTES
}
