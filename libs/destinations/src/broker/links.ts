import type { Deadline } from '@app/egress'
import { LRUCache } from 'lru-cache'
import { setTimeout as passed } from 'node:timers/promises'
import type { Address, Parcel } from '../channel/channel.ts'
import type { BrokerFailure } from './broker-failure.ts'
import { Leash } from './leash.ts'

/** What is kept open to one destination. */
export interface Link {
  /** False once the other side has gone: then another one is opened for the next message. */
  readonly isOpen: boolean
  /** Resolves when the broker has said that it has it. */
  publish(parcel: Parcel, signal: AbortSignal): Promise<void>
  /** In order where that is possible; sockets that are left are destroyed after it. */
  close(): Promise<void>
}

/** The broker whose links they are. */
export interface Opener {
  open(address: Address, leash: Leash): Promise<Link>
  failureOf(error: unknown): BrokerFailure
}

interface Held {
  version: number
  leash: Leash
  opening: Promise<Link>
  link?: Link
  uses: number
  retired: boolean
  ending?: Promise<void>
}

const CHECKED_EVERY_MS = 5_000
const CLOSING_MS = 2_000

/**
 * A link for each destination that was sent to lately: opened when it is needed, ended when the destination changes, when it
 * is idle, when others were used more lately, and after a failure that was not the message's own. Whoever still uses one
 * finishes first.
 */
export class Links {
  readonly #byDestination: LRUCache<string, Held>
  /** Those too that are on their way out. */
  readonly #all = new Set<Held>()
  #watch: NodeJS.Timeout | undefined

  constructor(
    private readonly broker: Opener,
    private readonly limits: { most: number; idleMs: number },
  ) {
    const { most, idleMs } = limits
    this.#byDestination = new LRUCache({
      max: most,
      ttl: idleMs,
      updateAgeOnGet: true,
      dispose: (held) => {
        this.#retire(held)
      },
    })
  }

  get size(): number {
    return this.#all.size
  }

  async publish(address: Address, parcel: Parcel, deadline: Deadline): Promise<void> {
    const held = this.#heldFor(address)
    held.uses++
    try {
      await deadline.hold(async () => {
        const link = await held.opening
        held.leash.lengthen()
        await link.publish(parcel, deadline.signal)
      })
    } catch (error) {
      const failure = this.broker.failureOf(error)
      if (!failure.circumstances.linkIsFine) this.#drop(address.destinationId, held)
      throw failure
    } finally {
      held.uses--
      this.#endIfDone(held)
    }
  }

  async close(): Promise<void> {
    this.#byDestination.clear()
    await Promise.all([...this.#all].map((held) => this.#end(held)))
  }

  #heldFor(address: Address): Held {
    const known = this.#byDestination.get(address.destinationId)
    if (known && known.version === address.version && known.link?.isOpen !== false) return known
    const leash = new Leash()
    const held: Held = {
      ...{ version: address.version, leash, uses: 0, retired: false },
      opening: this.broker.open(address, leash),
    }
    held.opening.then(
      (link) => {
        held.link = link
      },
      // Whoever waits for it hears of it; nobody may be waiting any more.
      () => {
        this.#drop(address.destinationId, held)
      },
    )
    this.#all.add(held)
    this.#byDestination.set(address.destinationId, held)
    this.#watch ??= setInterval(
      () => {
        this.#byDestination.purgeStale()
      },
      Math.min(this.limits.idleMs, CHECKED_EVERY_MS),
    ).unref()
    return held
  }

  #drop(destinationId: string, held: Held): void {
    if (this.#byDestination.peek(destinationId) === held) this.#byDestination.delete(destinationId)
    else this.#retire(held)
  }

  #retire(held: Held): void {
    held.retired = true
    this.#endIfDone(held)
  }

  #endIfDone(held: Held): void {
    if (held.retired && held.uses === 0) void this.#end(held)
  }

  #end(held: Held): Promise<void> {
    return (held.ending ??= ended(held).then(() => {
      this.#forget(held)
    }))
  }

  #forget(held: Held): void {
    this.#all.delete(held)
    if (this.#all.size > 0) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }
}

/** Never rejects. One that never opened is not waited for. */
async function ended({ link, leash }: Held): Promise<void> {
  try {
    const closing = link?.close()
    if (closing) await Promise.race([closing, passed(CLOSING_MS, undefined, { ref: false })])
  } catch {
    // It was in no state to say goodbye.
  } finally {
    leash.cut()
  }
}
