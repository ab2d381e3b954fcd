import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { LRUCache } from 'lru-cache'

const MOST_BYTES = 16 * 1024 * 1024
const MOST_BYTES_EACH = 64 * 1024
const MAX_AGE_MS = 60_000

/**
 * Bodies that were kept moments ago, for whoever processes them in this process: a store far away would be asked once a
 * delivery otherwise. What is not here any more is read from the store.
 */
@Injectable()
export class RecentBodies {
  readonly #bodies: LRUCache<string, Buffer> | null

  constructor(settings: Settings) {
    this.#bodies = settings.runs('worker')
      ? new LRUCache({
          maxSize: MOST_BYTES,
          maxEntrySize: MOST_BYTES_EACH,
          ttl: MAX_AGE_MS,
          sizeCalculation: sizeOf,
        })
      : null
  }

  remember(eventId: string, body: Buffer): void {
    this.#bodies?.set(eventId, body)
  }

  /** Once: a second attempt reads what is stored. */
  take(eventId: string): Buffer | undefined {
    const body = this.#bodies?.get(eventId)
    if (body) this.#bodies?.delete(eventId)
    return body
  }
}

function sizeOf(body: Buffer): number {
  return body.length + 100
}
