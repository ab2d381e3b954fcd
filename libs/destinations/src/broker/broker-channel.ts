import type { Cidr } from '@app/config'
import { type AddressRules, Deadline, type Resolve } from '@app/egress'
import { type Address, Channel, type Outcome, type Parcel } from '../channel/channel.ts'
import { BrokerFailure, networkFailure, outcomeOf } from './broker-failure.ts'
import type { Leash } from './leash.ts'
import { type Link, Links } from './links.ts'

export interface BrokerSettings {
  /** `OUTBOUND_ALLOWED_CIDRS`. */
  allowed: readonly Cidr[]
  resolve?: Resolve
  /** One try, connecting included. */
  limitMs?: number
  /** So long a link is kept without a message. */
  idleMs?: number
  /** So many destinations of a kind are kept open. */
  mostLinks?: number
}

/** What all brokers have in common: a link that is kept, a time that is limited, and outcomes instead of errors. */
export abstract class BrokerChannel extends Channel {
  readonly #links: Links
  readonly #limitMs: number

  constructor(protected readonly settings: BrokerSettings) {
    super()
    const { limitMs = 15_000, idleMs = 5 * 60_000, mostLinks = 100 } = settings
    this.#limitMs = limitMs
    const opener = {
      open: (address: Address, leash: Leash) => this.open(address, leash),
      failureOf: (error: unknown) => this.#failureOf(error),
    }
    this.#links = new Links(opener, { most: mostLinks, idleMs })
  }

  /** How many links there are, those on their way out included. */
  get openLinks(): number {
    return this.#links.size
  }

  override async send(address: Address, parcel: Parcel, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return outcomeOf(new BrokerFailure('cancelled'), [])
    const deadline = new Deadline(this.#limitMs, signal)
    try {
      await this.#links.publish(address, parcel, deadline)
      return { code: 'delivered', delivered: true }
    } catch (error) {
      return outcomeOf(givenUp(deadline) ?? this.#failureOf(error), Object.values(address.credentials))
    } finally {
      deadline.done()
    }
  }

  override async close(): Promise<void> {
    await this.#links.close()
  }

  /** Rejects where it cannot be opened; every socket goes on the leash, or ends by its signal. */
  protected abstract open(address: Address, leash: Leash): Promise<Link>

  /** What this broker's client means by an error; undefined: nothing of its own. */
  protected abstract meaningOf(error: unknown): BrokerFailure | undefined

  protected rules(secure: boolean): AddressRules {
    const { allowed, resolve } = this.settings
    return { allowed, secure, ...(resolve && { resolve }) }
  }

  #failureOf(error: unknown): BrokerFailure {
    if (error instanceof BrokerFailure) return error
    return this.meaningOf(error) ?? networkFailure(error) ?? new BrokerFailure('broker_error')
  }
}

/** Why it was given up, where it was. */
function givenUp({ reason }: Deadline): BrokerFailure | undefined {
  return reason && new BrokerFailure(reason === 'cancelled' ? 'cancelled' : 'timeout')
}
