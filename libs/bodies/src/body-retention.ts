import { Injectable } from '@nestjs/common'
import { BodyStore } from './body-store.ts'
import { isOurs, retentionOf, SEGMENT_AGE_MS } from './keys.ts'

/** Who still needs an object: filled by the room that keeps the rows. */
export abstract class BodyReferences {
  /** Is there a row whose body lies in this object? It was written to between the two times. */
  abstract refersTo(objectUrl: string, from: Date, to: Date): Promise<boolean>
}

/** No request lives longer than this, so what has no row after it will never get one. */
const GRACE_MS = 60 * 60 * 1000
/** A segment that was last written to before this is not appended to any more, not even by a write that hung. */
const OPEN_FOR_MS = SEGMENT_AGE_MS + 60 * 1000

/** Removes whole objects: those past their retention, and those that a crash left without a row. */
@Injectable()
export class BodyRetention {
  constructor(
    private readonly store: BodyStore,
    private readonly references: BodyReferences,
  ) {}

  /** An object's last body ends its retention last; then all of it may go. */
  async removeExpired(now = new Date(), signal?: AbortSignal): Promise<number> {
    return this.#removeWhere(signal, (key, modifiedAt) => {
      const staysFor = Math.max(retentionOf(key) * 1_000, OPEN_FOR_MS)
      return Promise.resolve(modifiedAt.getTime() + staysFor <= now.getTime())
    })
  }

  /** What a crash left between body and row. An orphan in a segment that a row refers to goes with that segment. */
  async sweep(now = new Date(), signal?: AbortSignal): Promise<number> {
    return this.#removeWhere(signal, async (key, modifiedAt) => {
      if (modifiedAt.getTime() + OPEN_FOR_MS + GRACE_MS > now.getTime()) return false
      const from = new Date(modifiedAt.getTime() - OPEN_FOR_MS - GRACE_MS)
      const to = new Date(modifiedAt.getTime() + GRACE_MS)
      return !(await this.references.refersTo(this.store.urlOf(key), from, to))
    })
  }

  async #removeWhere(
    signal: AbortSignal | undefined,
    isDue: (key: string, modifiedAt: Date) => Promise<boolean>,
  ): Promise<number> {
    let removed = 0
    for (const prefix of ['segments', 'single']) {
      for await (const { key, modifiedAt } of this.store.list(prefix)) {
        if (signal?.aborted) return removed
        if (!isOurs(key) || !(await isDue(key, modifiedAt))) continue
        await this.store.remove(key)
        removed++
      }
    }
    return removed
  }
}
