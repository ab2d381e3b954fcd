import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Deadline } from '../deadline.ts'
import { EgressFailure } from '../egress-failure.ts'
import type { CallAbout } from '../finished-call.ts'
import { type RateLimit, TokenBucket } from './token-bucket.ts'

/** The limit of whom a call is for; undefined: none is known. */
export type LimitOf = (about: CallAbout) => RateLimit | undefined

const KEPT = 10_000
/** Longer than this nobody waits in line: who called hears when to come again. */
const PATIENCE_MS = 2_000

/** Keeps each connection to its provider's limit. Counted in this process. */
export class Pacer {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: KEPT })
  limitOf: LimitOf = () => undefined

  constructor(private readonly clock: Clock) {}

  /** Returns when the call may go; throws a `rate_limited` failure where that is too far off. */
  async admit(about: CallAbout, deadline: Deadline): Promise<void> {
    const bucket = this.#bucketOf(about)
    if (bucket === undefined) return
    const wait = bucket.waitMs(this.clock.now())
    if (wait > Math.min(PATIENCE_MS, deadline.leftMs)) {
      throw new EgressFailure('rate_limit', { effect: 'none', retryAfter: Math.ceil(wait / 1_000) })
    }
    bucket.take()
    if (wait === 0) return
    await this.clock.wait(wait, deadline.signal)
    if (deadline.signal.aborted) bucket.giveBack()
  }

  #bucketOf(about: CallAbout): TokenBucket | undefined {
    const limit = about.connection === undefined ? undefined : this.limitOf(about)
    if (about.connection === undefined || limit === undefined) return undefined
    const known = this.#buckets.get(about.connection)
    if (known?.limit === limit) return known
    const bucket = new TokenBucket(limit, this.clock.now())
    this.#buckets.set(about.connection, bucket)
    return bucket
  }
}
