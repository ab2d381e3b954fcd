import { Injectable } from '@nestjs/common'
import {
  type Connector,
  forOperation,
  type Observation,
  type Operation,
  ProviderFailure,
} from '@app/connector-kit'
import { ConnectorContexts } from '@app/connections'
import { EgressFailure } from '@app/egress'
import { AttemptFailed, type EventUnderWork } from './event-work.ts'
import type { Reading } from './event-reader.ts'
import { type Fact, Facts, type Origin } from './facts.ts'

type Understood = NonNullable<Reading>
/** What every call that reads one resource answers, beside much else. */
interface Retrieved extends Record<string, unknown> {
  native: string
  occurredAt?: Date
}

/** What a delivery proves by itself. */
const TRUST: Readonly<Record<string, Fact['trust'] | undefined>> = {
  body_signed: 'signed',
  fields_signed: 'signed',
  fetched: 'confirmed',
}

/** Money, messages and parcels are believed when they are signed or read from the provider; nothing else is state. */
const ASKED_ABOUT: ReadonlySet<Observation['resource']> = new Set([
  'payment',
  'refund',
  'message',
  'shipment',
])

/**
 * From what a delivery says to what is so. Where its sender only knew a secret, or nothing, it is a hint: the provider is
 * asked (verify by pull), at the pace of the registry's limits.
 */
@Injectable()
export class Confirmation {
  /**
   * Ten hints about one payment that come together ask once. Only until the question is on its way: the answer may be
   * older than what a later hint tells of.
   */
  readonly #asking = new Map<string, Promise<Retrieved>>()

  constructor(
    private readonly contexts: ConnectorContexts,
    private readonly facts: Facts,
  ) {}

  async factsOf(
    event: EventUnderWork,
    { connector, observations }: Understood,
    signal: AbortSignal,
  ): Promise<Fact[]> {
    const origin: Origin = {
      eventId: event.id,
      projectId: event.project_id,
      environment: event.environment as Origin['environment'],
      connectionId: event.connection_id,
      provider: event.provider,
      receivedAt: event.created_at,
    }
    return Promise.all(
      observations.map(async (observation, index): Promise<Fact> => {
        const trust = TRUST[event.trust ?? 'none']
        if (trust && !(await this.facts.wantsReading(observation, origin)))
          return { observation, trust, origin, index }
        if (!trust && !ASKED_ABOUT.has(observation.resource))
          return { observation, trust: 'unconfirmed', origin, index }
        const confirmed = await this.#confirmed(event, connector, observation, signal)
        return { observation: confirmed, trust: 'confirmed', origin, index }
      }),
    )
  }

  async #confirmed(
    event: EventUnderWork,
    { operations }: Connector,
    observation: Observation,
    signal: AbortSignal,
  ): Promise<Observation> {
    const name = `${observation.resource}.retrieve`
    const retrieve = operations[name] as Operation<{ ref: string }, Retrieved> | undefined
    if (!retrieve) throw new AttemptFailed('cannot_confirm', { permanent: true })
    const key = `${event.connection_id} ${name} ${observation.ref}`
    const asked = this.#asking.get(key) ?? this.#ask(event, { key, name, retrieve }, observation.ref, signal)
    this.#asking.set(key, asked)
    const { native, occurredAt = observation.occurredAt, ...facts } = await asked
    // The word of the hint is not taken over: only what was read counts.
    const { type: _, occurredAt: __, ...said } = observation
    return { ...said, native, facts, ...(occurredAt && { occurredAt }) }
  }

  async #ask(
    event: EventUnderWork,
    { key, name, retrieve }: { key: string; name: string; retrieve: Operation<{ ref: string }, Retrieved> },
    ref: string,
    signal: AbortSignal,
  ): Promise<Retrieved> {
    const lent = await this.contexts
      .lendById(event.connection_id, name, signal)
      .finally(() => this.#asking.delete(key))
    if (!lent) throw new AttemptFailed('connection_not_usable')
    try {
      return await retrieve.run({ ref }, forOperation(lent.connector, lent.ctx))
    } catch (error) {
      if (error instanceof EgressFailure)
        throw new AttemptFailed('confirmation_failed', { cause: error, retryAfter: error.retryAfter })
      if (error instanceof ProviderFailure)
        throw new AttemptFailed('confirmation_failed', { cause: error, retryAfter: error.problem.retryAfter })
      throw error
    }
  }
}
