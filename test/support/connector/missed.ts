import { isDeepStrictEqual } from 'node:util'
import { type Connector, Delivery, type Missed, type Webhooks } from '@app/connector-kit'
import type { Named, TalkFixture } from './fixtures.ts'
import { type Question, unless } from './question.ts'
import { endlessObjections, missedIn, onlyReads, refusalsOverheard, said, talkOf } from './talk.ts'

/** How a connector finds out what should have come: by reading only, to the end, and named as the real ones would be. */
export function missedQuestions(
  connector: Connector,
  webhooks: Webhooks,
  talks: readonly Named<TalkFixture>[],
): Question[] {
  if (!webhooks.missed) return []
  const fixtures = talks.filter(({ kind }) => kind === 'missed')
  return [
    {
      asks: 'has recorded what its provider says was sent, over more than one page',
      objections: () => [
        ...unless(
          fixtures.some(
            ({ found, exchanges }) => found?.length && exchanges.some(({ role }) => role === 'page'),
          ),
          'Record a list of two pages with something in it: fixtures/NAME.json, kind "missed"; github/fixtures/missed.json shows its form.',
        ),
        ...fixtures.flatMap(({ name, source }) =>
          unless(Boolean(source), `fixtures/${name}.json: say in "source" where it is from.`),
        ),
      ],
    },
    {
      asks: 'passes a refusal on instead of finding nothing missed',
      objections: async () => {
        const overheard = await Promise.all(
          fixtures.map((fixture) =>
            refusalsOverheard(connector, fixture, (ctx) => missedIn(connector, fixture, ctx)),
          ),
        )
        return [...new Set(overheard.flat())].map(
          (status) => `missed: ${status} is taken for an empty list; read answers with jsonOf().`,
        )
      },
    },
    {
      asks: 'gives up a list of deliveries that does not end',
      objections: async () => {
        const [fixture] = fixtures.filter(({ exchanges }) => exchanges.some(({ role }) => role === 'page'))
        if (!fixture) return []
        return endlessObjections(connector, fixture, (ctx) => missedIn(connector, fixture, ctx))
      },
    },
    ...fixtures.flatMap((fixture) => listQuestions(connector, webhooks, fixture)),
  ]
}

function listQuestions(connector: Connector, webhooks: Webhooks, fixture: Named<TalkFixture>): Question[] {
  const asked: Question[] = [
    {
      asks: 'finds what is recorded, and asks for no body before it is wanted',
      objections: async () => {
        const { ctx, calls } = talkOf(connector, fixture)
        const missed = await missedIn(connector, fixture, ctx)
        const read = missed.map((one) => ({
          dedupeKey: one.dedupeKey,
          eventType: webhooks.eventType(deliveryOf(one, Buffer.from('{}'))),
          at: one.at.toISOString(),
        }))
        const bodies = fixture.exchanges
          .filter(({ role }) => role === 'body')
          .map(({ request }) => request.path)
        return [
          ...unless(
            isDeepStrictEqual(
              read.map(({ dedupeKey, at }) => ({ dedupeKey, at })),
              fixture.found?.map(({ dedupeKey, at }) => ({ dedupeKey, at })),
            ),
            `found: recorded ${JSON.stringify(fixture.found)}, read ${JSON.stringify(read)}.`,
          ),
          ...calls
            .filter(({ path }) => bodies.includes(path))
            .map((call) => `${said(call)} is asked before anybody wants the body; ask in body().`),
        ]
      },
    },
    {
      asks: 'names each one as the real delivery would be named, and reads it with the headers that it gives',
      objections: async () => {
        const { ctx } = talkOf(connector, fixture)
        const wrong: string[] = []
        for (const [n, one] of (await missedIn(connector, fixture, ctx)).entries()) {
          const body = await one.body()
          if (body === null) continue
          const real = deliveryOf(one, body)
          const [key, type] = [webhooks.dedupeKey(real), webhooks.eventType(real)]
          if (key !== one.dedupeKey)
            wrong.push(`missed names ${one.dedupeKey}, dedupeKey says ${String(key)}: it would come twice.`)
          if (type !== fixture.found?.[n]?.eventType)
            wrong.push(
              `${one.dedupeKey} is recorded as ${String(fixture.found?.[n]?.eventType)}, read as ${String(type)}.`,
            )
        }
        return wrong
      },
    },
    {
      asks: 'only reads, and puts no credential into a call',
      objections: async () => {
        const { ctx, calls } = talkOf(connector, fixture)
        for (const one of await missedIn(connector, fixture, ctx)) await one.body()
        return [
          ...calls
            .filter((call) => !onlyReads(call))
            .map((call) => `${said(call)} may change something; say reads: true where it does not.`),
          ...unless(!JSON.stringify(calls).includes('canary-of-'), 'A credential is in a call of its own.'),
        ]
      },
    },
  ]
  return asked.map(({ asks, objections }) => ({ asks: `list ${fixture.name} ${asks}`, objections }))
}

function deliveryOf({ headers }: Missed, body: Buffer): Delivery {
  return new Delivery(
    'POST',
    'https://wasl.example/webhooks/x/key',
    Object.entries(headers).flat(),
    body,
    new Date(0),
  )
}
