import { describe, expect, test } from '@jest/globals'
import { type Connector, type Observation, type Operation, ProviderFailure } from '@app/connector-kit'
import type { ConnectorContexts } from '@app/connections'
import { EgressFailure } from '@app/egress'
import { Confirmation } from './confirmation.ts'
import { AttemptFailed, type EventUnderWork } from './event-work.ts'
import { type Fact, Facts } from './facts.ts'

type Answer = Record<string, unknown> & { native: string; occurredAt?: Date }
const CONNECTION = '00000000-0000-0000-0000-0000000000c1'
const never = new AbortController().signal

/** A provider that is asked: what it answers, and how often it was asked for what. */
class AskedProvider {
  readonly asked: string[] = []
  readonly lent: string[] = []
  answer: (ref: string) => Promise<Answer> = () =>
    Promise.resolve({ native: 'CAPTURED', amount: '12500', currency: 'KWD' })
  usable = true

  readonly facts = new Facts()
  readonly confirmation = new Confirmation(
    {
      lendById: (id: string, operation: string) => {
        this.lent.push(`${id} ${operation}`)
        return Promise.resolve(this.usable ? { connector: {}, ctx: {} } : null)
      },
    } as unknown as ConnectorContexts,
    this.facts,
  )

  connector(...operations: string[]): Connector {
    const retrieve: Operation<{ ref: string }, Answer> = {
      replay: { kind: 'read' },
      run: ({ ref }) => {
        this.asked.push(ref)
        return this.answer(ref)
      },
    }
    return {
      operations: Object.fromEntries(operations.map((name) => [name, retrieve])),
    } as unknown as Connector
  }

  factsOf(
    trust: EventUnderWork['trust'],
    observation: Partial<Observation> = {},
    { operations = ['payment.retrieve'], ...event }: Partial<EventUnderWork> & { operations?: string[] } = {},
  ): Promise<Fact[]> {
    const observations = [hint(observation)]
    const reading = { connector: this.connector(...operations), observations }
    return this.confirmation.factsOf({ ...EVENT, trust, ...event }, reading, never)
  }
}

const EVENT = {
  id: '019ab000-0000-7000-8000-000000000001',
  project_id: '00000000-0000-0000-0000-0000000000a1',
  environment: 'dev',
  connection_id: CONNECTION,
  provider: 'played',
  created_at: new Date('2026-11-24T10:00:00Z'),
} as EventUnderWork
const hint = (fields: Partial<Observation>): Observation => ({
  resource: 'payment',
  ref: 'chg_1',
  native: 'FORGED',
  facts: { amount: '99999999', note: 'anybody may write this' },
  ...fields,
})
const failure = async (work: Promise<unknown>): Promise<AttemptFailed> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AttemptFailed)
  return error as AttemptFailed
}

describe('what a sender that signs nothing says about money, messages and parcels', () => {
  const claims = (['payment', 'refund', 'message', 'shipment'] as const).flatMap((resource) =>
    (['shared_secret', 'none', null] as const).map((trust) => [resource, trust] as const),
  )

  test.each(claims)('%s, %s: the provider is asked, and what it says counts', async (resource, trust) => {
    const provider = new AskedProvider()
    const [fact] = await provider.factsOf(
      trust,
      { resource, type: 'payment.captured', occurredAt: new Date(0) },
      { operations: [`${resource}.retrieve`] },
    )
    expect(provider.asked).toEqual(['chg_1'])
    expect(provider.lent).toEqual([`${CONNECTION} ${resource}.retrieve`])
    expect(fact).toMatchObject({ trust: 'confirmed', index: 0 })
    // Of the hint only what it is about; of its word, its time and its amounts where the provider says nothing.
    expect(fact?.observation).toEqual({
      resource,
      ref: 'chg_1',
      native: 'CAPTURED',
      facts: { amount: '12500', currency: 'KWD' },
      occurredAt: new Date(0),
    })
  })

  test('the time that the provider tells comes before the time of the hint', async () => {
    const provider = new AskedProvider()
    const then = new Date('2026-11-24T09:59:00Z')
    provider.answer = () => Promise.resolve({ native: 'CAPTURED', occurredAt: then })
    const [fact] = await provider.factsOf('none', { occurredAt: new Date() })
    expect(fact?.observation.occurredAt).toEqual(then)
  })

  test('without a way to ask it never becomes a fact', async () => {
    const error = await failure(new AskedProvider().factsOf('none', {}, { operations: ['refund.retrieve'] }))
    expect([error.code, error.circumstances.permanent]).toEqual(['cannot_confirm', true])
  })

  test('one of several that cannot be confirmed keeps the others from becoming facts', async () => {
    const provider = new AskedProvider()
    const reading = {
      connector: provider.connector('payment.retrieve'),
      observations: [hint({}), hint({ resource: 'shipment' })],
    }
    const work = provider.confirmation.factsOf({ ...EVENT, trust: 'none' }, reading, never)
    expect((await failure(work)).code).toBe('cannot_confirm')
  })
})

describe('nobody is asked', () => {
  test.each([
    ['body_signed', 'signed'],
    ['fields_signed', 'signed'],
    ['fetched', 'confirmed'],
  ] as const)('where the delivery is %s: the fact is %s as it is', async (trust, becomes) => {
    const provider = new AskedProvider()
    const [fact] = await provider.factsOf(trust)
    expect(fact).toMatchObject({ trust: becomes, observation: hint({}) })
    expect(provider.asked).toEqual([])
  })

  test('unless the room upstairs wants to know more than was signed', async () => {
    const provider = new AskedProvider()
    const wanted: string[] = []
    provider.facts.of(
      ['payment'],
      () => Promise.resolve({ news: [] }),
      ({ ref }, { eventId }) => Promise.resolve(wanted.push(`${ref} ${eventId}`) > 0),
    )
    const [fact] = await provider.factsOf('fields_signed')
    expect(fact).toMatchObject({ trust: 'confirmed', observation: { native: 'CAPTURED' } })
    expect(wanted).toEqual([`chg_1 ${EVENT.id}`])
  })

  test('about what is no state of money, messages or parcels: it stays unconfirmed', async () => {
    const provider = new AskedProvider()
    const [fact] = await provider.factsOf('none', { resource: 'other', type: 'code.pushed' })
    expect(fact).toMatchObject({ trust: 'unconfirmed', observation: { type: 'code.pushed' } })
    expect(provider.asked).toEqual([])
  })
})

describe('hints about one payment', () => {
  test('that come together ask once, and each is a fact of its own delivery', async () => {
    const provider = new AskedProvider()
    const ids = Array.from({ length: 10 }, (_, n) => `019ab000-0000-7000-8000-00000000001${n}`)
    const facts = await Promise.all(ids.map((id) => provider.factsOf('none', {}, { id })))
    expect(provider.asked).toEqual(['chg_1'])
    expect(facts.flat().map(({ origin }) => origin.eventId)).toEqual(ids)
    expect(new Set(facts.flat().map(({ observation }) => observation.native))).toEqual(new Set(['CAPTURED']))
  })

  test('of another payment, another resource or another connection ask for themselves', async () => {
    const provider = new AskedProvider()
    await Promise.all([
      provider.factsOf('none'),
      provider.factsOf('none', { ref: 'chg_2' }),
      provider.factsOf('none', { resource: 'refund' }, { operations: ['refund.retrieve'] }),
      provider.factsOf('none', {}, { connection_id: '00000000-0000-0000-0000-0000000000c2' }),
    ])
    expect(provider.asked).toHaveLength(4)
  })

  test('that come when an answer is on its way ask again: it may be older than what they tell of', async () => {
    const provider = new AskedProvider()
    const answers: ((answer: Answer) => void)[] = []
    provider.answer = () => new Promise((resolve) => answers.push(resolve))
    const first = provider.factsOf('none')
    await turn()
    const second = provider.factsOf('none')
    await turn()
    expect(answers).toHaveLength(2)
    answers[1]?.({ native: 'CAPTURED' })
    answers[0]?.({ native: 'AUTHORIZED' })
    expect([(await first)[0]?.observation.native, (await second)[0]?.observation.native]).toEqual([
      'AUTHORIZED',
      'CAPTURED',
    ])
  })

  test('that failed do not spoil the next', async () => {
    const provider = new AskedProvider()
    provider.answer = () => Promise.reject(new EgressFailure('connect', { effect: 'none' }))
    await failure(provider.factsOf('none'))
    provider.answer = () => Promise.resolve({ native: 'CAPTURED' })
    expect(await provider.factsOf('none')).toMatchObject([{ trust: 'confirmed' }])
  })
})

describe('the provider cannot be asked now', () => {
  test.each(['connect', 'breaker_open', 'total_timeout', 'rate_limit', 'credentials'] as const)(
    '%s: it is tried again',
    async (reason) => {
      const provider = new AskedProvider()
      provider.answer = () => Promise.reject(new EgressFailure(reason, { effect: 'none' }))
      const { code, circumstances } = await failure(provider.factsOf('none'))
      expect([code, circumstances.permanent ?? false]).toEqual(['confirmation_failed', false])
    },
  )

  test.each([
    ['by the egress', new EgressFailure('rate_limit', { effect: 'none', retryAfter: 9 })],
    [
      'by its connector',
      new ProviderFailure({ code: 'rate_limited', retry: 'same', effect: 'none', retryAfter: 9 }, 429),
    ],
  ])('not before it asked us to come again, as understood %s', async (_, error) => {
    const provider = new AskedProvider()
    provider.answer = () => Promise.reject(error)
    expect((await failure(provider.factsOf('none'))).circumstances.retryAfter).toBe(9)
  })

  test('the connection is in no state to be used: it is tried again', async () => {
    const provider = new AskedProvider()
    provider.usable = false
    const { code, circumstances } = await failure(provider.factsOf('none'))
    expect([code, circumstances.permanent ?? false]).toEqual(['connection_not_usable', false])
  })
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
