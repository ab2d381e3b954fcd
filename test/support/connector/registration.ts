import { isDeepStrictEqual } from 'node:util'
import { type Connector, type Ctx, isAskable, type Registration, type Webhooks } from '@app/connector-kit'
import type { Named, TalkFixture } from './fixtures.ts'
import { type Question, unless } from './question.ts'
import {
  type Call,
  endlessObjections,
  ofOurs,
  onlyReads,
  ownOf,
  recorded,
  refusalsOverheard,
  replyOf,
  said,
  SECRET,
  talkOf,
} from './talk.ts'

/** What a connector reads of the webhooks that are registered over there, and how it makes ours right. */
export function registrationQuestions(
  connector: Connector,
  webhooks: Webhooks,
  talks: readonly Named<TalkFixture>[],
): Question[] {
  const { registration, needs } = webhooks
  const asked: Question[] = []
  if (needs) {
    asked.push({
      asks: 'says of its config only what a check can judge',
      objections: () => [
        ...unless(
          /^\^.*\$$/s.test(needs.pattern.source) && needs.pattern.flags === '',
          'webhooks.needs.pattern: begin with ^, end with $, and use no flags.',
        ),
        ...talks
          .filter(({ config }) => !isAskable(webhooks, config))
          .map(({ name }) => `fixtures/${name}.json: its config lacks ${needs.name} in the declared form.`),
      ],
    })
  }
  if (typeof registration !== 'object') return asked
  const fixtures = talks.filter(({ kind }) => kind === 'registration')
  return [
    ...asked,
    {
      asks: 'has recorded what is registered, and how it is mended',
      objections: () => [
        ...unless(
          fixtures.some(({ registered }) => registered?.length),
          'Record what is registered: fixtures/NAME.json, kind "registration"; github/fixtures/hooks.json shows its form.',
        ),
        ...unless(
          !registration.mend || fixtures.some(({ mended }) => mended?.length),
          'Record in "mended" the calls that make it right.',
        ),
        ...fixtures.flatMap(({ name, source }) =>
          unless(Boolean(source), `fixtures/${name}.json: say in "source" where it is from.`),
        ),
      ],
    },
    {
      asks: 'passes a refusal on instead of finding nothing registered',
      objections: async () => {
        const overheard = await Promise.all(
          fixtures.map((fixture) => refusalsOverheard(connector, fixture, (ctx) => registration.read(ctx))),
        )
        return [...new Set(overheard.flat())].map(
          (status) => `registration.read: ${status} is taken for an empty list; read answers with jsonOf().`,
        )
      },
    },
    {
      asks: 'gives up a list of registrations that does not end',
      objections: async () => {
        const [fixture] = fixtures.filter(({ exchanges }) => exchanges.some(({ role }) => role === 'page'))
        return fixture ? endlessObjections(connector, fixture, (ctx) => registration.read(ctx)) : []
      },
    },
    ...fixtures.flatMap((fixture) => fixtureQuestions(connector, registration, fixture)),
  ]
}

function fixtureQuestions(
  connector: Connector,
  registration: Registration,
  fixture: Named<TalkFixture>,
): Question[] {
  const { registered = [], mended } = fixture
  const asked: Question[] = [
    {
      asks: 'is read as recorded, by calls that only read',
      objections: async () => {
        const { ctx, calls } = talkOf(connector, fixture)
        const read = await registration.read(ctx)
        return [
          ...unless(
            isDeepStrictEqual(read, registered),
            `registered: recorded ${JSON.stringify(registered)}, read ${JSON.stringify(read)}.`,
          ),
          ...calls
            .filter((call) => !onlyReads(call))
            .map((call) => `${said(call)} may change something; say reads: true where it does not.`),
          ...unless(!JSON.stringify(calls).includes('canary-of-'), 'A credential is in a call of its own.'),
        ]
      },
    },
  ]
  const { mend } = registration
  if (mend && mended) {
    asked.push({
      asks: 'is mended by the recorded calls, which put our address and secret there and touch nobody else’s',
      objections: async () => {
        const own = ownOf(fixture)
        const calls = await callsOf(connector, fixture, (ctx) => mend(ctx, own, ofOurs(registered, fixture)))
        const text = JSON.stringify(calls)
        const others = registered.filter(({ url }) => !own.leadsHere(url))
        return [
          ...unless(
            isDeepStrictEqual(
              JSON.parse(text.replaceAll(SECRET, '{secret}')),
              JSON.parse(JSON.stringify(mended)),
            ),
            `mended: recorded ${JSON.stringify(mended)}, made ${text.replaceAll(SECRET, '{secret}')}.`,
          ),
          ...unless(text.includes(JSON.stringify(own.url)), 'Our address is in none of the calls.'),
          ...unless(
            text.includes(SECRET),
            'Our secret is in none of the calls: what comes would be refused.',
          ),
          ...unless(
            !text.replaceAll(SECRET, '').includes('canary-of-'),
            'A credential of the account is in a call of its own.',
          ),
          ...calls
            .filter(({ method }) => method === 'DELETE')
            .map(({ path }) => `DELETE ${path}: nothing is deleted; switch it off.`),
          ...others
            .filter(({ id }) => calls.some(({ path }) => path.split('/').includes(id)))
            .map(({ id }) => `The registration ${id} leads elsewhere, and is not ours to change.`),
        ]
      },
    })
  }
  return asked.map(({ asks, objections }) => ({ asks: `registration ${fixture.name} ${asks}`, objections }))
}

/** The calls that change something; each of them succeeds. */
async function callsOf(
  connector: Connector,
  fixture: TalkFixture,
  does: (ctx: Ctx) => Promise<void>,
): Promise<Pick<Call, 'method' | 'path' | 'json'>[]> {
  const answering = (call: Call) =>
    onlyReads(call) ? recorded(fixture)(call) : replyOf({ status: 200, body: '{}' })
  const { ctx, calls } = talkOf(connector, fixture, answering)
  await does(ctx)
  return calls.filter((call) => !onlyReads(call)).map(({ method, path, json }) => ({ method, path, json }))
}
