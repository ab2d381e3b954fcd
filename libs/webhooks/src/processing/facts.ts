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

/**
 * Asked before anything is written: is what the provider signed enough to know what it is about? True: it is read from
 * the provider first. It may take its time, and must change nothing.
 */
export type WantsReading = (observation: Observation, origin: Origin) => Promise<boolean>

interface Room {
  react: FactListener
  wantsReading: WantsReading
}

/** `FactsObserved`: rooms upstairs say here which resources are theirs. */
@Injectable()
export class Facts {
  readonly #rooms = new Map<Observation['resource'], Room>()

  /** Facts about these resources go to this room alone. */
  of(
    resources: readonly Observation['resource'][],
    react: FactListener,
    wantsReading: WantsReading = () => Promise.resolve(false),
  ): void {
    for (const resource of resources) {
      if (this.#rooms.has(resource)) throw new Error(`two rooms want the facts of "${resource}"`)
      this.#rooms.set(resource, { react, wantsReading })
    }
  }

  listenerOf(resource: Observation['resource']): FactListener | undefined {
    return this.#rooms.get(resource)?.react
  }

  wantsReading(observation: Observation, origin: Origin): Promise<boolean> {
    return this.#rooms.get(observation.resource)?.wantsReading(observation, origin) ?? Promise.resolve(false)
  }
}
