import { Injectable } from '@nestjs/common'
import type { Observation } from '@app/connector-kit'
import type { Sql } from '@app/database'
import type { News } from '@app/outbox'

/** Whose delivery said it. */
export interface Origin {
  eventId: string
  projectId: string
  environment: 'dev' | 'staging' | 'prod'
  connectionId: string
  provider: string
  receivedAt: Date
}

/** What a delivery says, and how far it can be believed. */
export interface Fact {
  observation: Observation
  /** Money, messages and parcels are never `unconfirmed`: those were asked about first. */
  trust: 'signed' | 'confirmed' | 'unconfirmed'
  origin: Origin
  /** Which of its delivery's observations it is, from 0: with the delivery's id it names the fact. */
  index: number
}

/** What a room makes of a fact: the events that shall go out, and the ids by which the delivery shall be found. */
export interface Reaction {
  news: readonly News[]
  references?: readonly string[]
}

/**
 * Called in the transaction that ends the event. The same fact may come twice, late, and out of order; what is thrown
 * makes the event be tried again.
 */
export type FactListener = (unit: Sql, fact: Fact) => Promise<Reaction>

/** `FactsObserved`: rooms upstairs say here which resources are theirs. */
@Injectable()
export class Facts {
  readonly #listeners = new Map<Observation['resource'], FactListener>()

  /** Facts about these resources go to this room alone. */
  of(resources: readonly Observation['resource'][], listener: FactListener): void {
    for (const resource of resources) {
      if (this.#listeners.has(resource)) throw new Error(`two rooms want the facts of "${resource}"`)
      this.#listeners.set(resource, listener)
    }
  }

  listenerOf(resource: Observation['resource']): FactListener | undefined {
    return this.#listeners.get(resource)
  }
}
