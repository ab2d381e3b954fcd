import { jsonOf, memberOf, type Registered, type Reply, textOf } from '@app/connector-kit'
import type { Secret } from '@app/secrets'
import {
  type BrokenCase,
  hooked,
  hooks,
  listed,
  listOf,
  named,
  putHook,
  readHooks,
  registered,
  registration,
  sent,
  webhooks,
} from './sound-connector.ts'

/** What reads like an answer whatever the status is. */
const credulous = (reply: Reply): unknown => (reply.status < 400 ? reply.json() : {})

/** What may be wrong with how a connector asks what was missed, and what is registered. */
export const brokenTalk: BrokenCase[] = [
  [
    'has recorded what its provider says was sent, over more than one page',
    'Record a list of two pages',
    () => ({ files: { 'fixtures/sent.json': { ...listed, exchanges: listed.exchanges.slice(1) } } }),
  ],
  [
    'has recorded what its provider says was sent, over more than one page',
    'say in "source"',
    () => ({ files: { 'fixtures/sent.json': { ...listed, source: '' } } }),
  ],
  [
    'passes a refusal on instead of finding nothing missed',
    'missed: 403 is taken for an empty list',
    () => ({ connector: hooked({ missed: (_since, ctx) => sent(ctx, credulous) }) }),
  ],
  [
    'gives up a list of deliveries that does not end',
    'read for ever',
    () => ({
      connector: hooked({
        async *missed(_since, ctx) {
          for (let after: string | undefined; ;) {
            const query = after === undefined ? {} : { query: { after } }
            const json = jsonOf(await ctx.http.request({ method: 'GET', path: '/sent', ...query }))
            yield* []
            after = textOf(memberOf(json, 'next'))
          }
        },
      }),
    }),
  ],
  [
    'list sent finds what is recorded, and asks for no body before it is wanted',
    'found: recorded',
    () => ({ files: { 'fixtures/sent.json': { ...listed, found: [] } } }),
  ],
  [
    'list sent finds what is recorded, and asks for no body before it is wanted',
    'GET /sent/evt_3 {} is asked before anybody wants the body',
    () => ({
      connector: hooked({
        async *missed(_since, ctx) {
          for await (const one of sent(ctx)) {
            const body = await one.body()
            yield { ...one, body: async () => body }
          }
        },
      }),
    }),
  ],
  [
    'list sent names each one as the real delivery would be named, and reads it with the headers that it gives',
    'missed names evt_3, dedupeKey says sent:evt_3',
    () => ({ connector: hooked({ dedupeKey: (delivery) => `sent:${named(delivery, 'id')}` }) }),
  ],
  [
    'list sent names each one as the real delivery would be named, and reads it with the headers that it gives',
    'evt_3 is recorded as record.created, read as null',
    () => ({ connector: hooked({ eventType: (delivery) => delivery.header('x-acme-event') ?? null }) }),
  ],
  [
    'list sent only reads, and puts no credential into a call',
    'POST /sent/evt_3 {} may change something',
    () => ({
      connector: hooked({
        async *missed(_since, ctx) {
          for await (const one of sent(ctx)) {
            const text = JSON.stringify({ id: one.dedupeKey, event: 'record.created' })
            const again = (): Promise<Reply> =>
              ctx.http.request({ method: 'POST', path: `/sent/${one.dedupeKey}` })
            yield { ...one, body: () => again().then(() => Buffer.from(text)) }
          }
        },
      }),
      files: {
        'fixtures/sent.json': {
          ...listed,
          exchanges: [
            ...listed.exchanges.slice(0, 2),
            ...['evt_2', 'evt_3'].map((id) => ({
              request: { method: 'POST', path: `/sent/${id}` },
              reply: { status: 200, body: {} },
            })),
          ],
        },
      },
    }),
  ],
  [
    'list sent only reads, and puts no credential into a call',
    'A credential is in a call',
    () => ({
      connector: hooked({
        async *missed(_since, ctx) {
          await ctx.http.request({
            method: 'GET',
            path: '/sent',
            headers: { authorization: (ctx.creds.token as Secret).reveal() },
          })
          yield* sent(ctx)
        },
      }),
    }),
  ],
  [
    'says of its config only what a check can judge',
    'webhooks.needs.pattern: begin with ^',
    () => ({ connector: hooked({ needs: { ...webhooks.needs!, pattern: /\w+/ } }) }),
  ],
  [
    'says of its config only what a check can judge',
    'fixtures/sent.json: its config lacks account',
    () => ({ files: { 'fixtures/sent.json': { ...listed, config: {} } } }),
  ],
  [
    'speaks both languages wherever people read',
    'webhooks.needs.help.ar: say it in Arabic',
    () => ({ connector: hooked({ needs: { ...webhooks.needs!, help: { en: 'Set it.', ar: 'Set it.' } } }) }),
  ],
  [
    'has recorded what is registered, and how it is mended',
    'Record what is registered',
    () => ({ files: { 'fixtures/hooks.json': { ...registered, registered: [] } } }),
  ],
  [
    'has recorded what is registered, and how it is mended',
    'Record in "mended"',
    () => ({ files: { 'fixtures/hooks.json': { ...registered, mended: undefined } } }),
  ],
  [
    'passes a refusal on instead of finding nothing registered',
    'registration.read: 404 is taken for an empty list',
    () => ({
      connector: hooked({ registration: { ...registration, read: (ctx) => readHooks(ctx, credulous) } }),
    }),
  ],
  [
    'gives up a list of registrations that does not end',
    'as if it were whole',
    () => ({
      connector: hooked({
        registration: {
          ...registration,
          async read(ctx) {
            for await (const page of listOf<Registered>(ctx, 'hooks')) return page
            return []
          },
        },
      }),
    }),
  ],
  [
    'registration hooks is read as recorded, by calls that only read',
    'registered: recorded',
    () => ({ files: { 'fixtures/hooks.json': { ...registered, registered: hooks.slice(1) } } }),
  ],
  [
    'registration hooks is read as recorded, by calls that only read',
    'POST /hooks {} may change something',
    () => ({
      connector: hooked({
        registration: {
          ...registration,
          async read(ctx) {
            await ctx.http.request({ method: 'POST', path: '/hooks' })
            return readHooks(ctx)
          },
        },
      }),
      files: {
        'fixtures/hooks.json': {
          ...registered,
          exchanges: [
            ...registered.exchanges,
            { request: { method: 'POST', path: '/hooks' }, reply: { status: 200, body: {} } },
          ],
        },
      },
    }),
  ],
  ...(
    [
      ['mended: recorded', (ctx, own, [first]) => putHook(ctx, first?.id, { url: own.url, secret: '' })],
      ['Our secret is in none', (ctx, own, [first]) => putHook(ctx, first?.id, { url: own.url })],
      [
        'Our address is in none',
        (ctx, own, [first]) => putHook(ctx, first?.id, { secret: own.secret.reveal() }),
      ],
      [
        'A credential of the account',
        (ctx, own, [first]) =>
          putHook(ctx, first?.id, { url: own.url, secret: (ctx.creds.token as Secret).reveal() }),
      ],
      [
        'DELETE /hooks/2: nothing is deleted',
        async (ctx, own, found) => {
          await ctx.http.request({ method: 'DELETE', path: '/hooks/2' })
          await registration.mend(ctx, own, found)
        },
      ],
      [
        'The registration 1 leads elsewhere',
        async (ctx, own) => {
          for (const { id } of await readHooks(ctx)) await putHook(ctx, id, { url: own.url })
        },
      ],
    ] satisfies [string, typeof registration.mend][]
  ).map(([words, mend]): BrokenCase => [
    'registration hooks is mended by the recorded calls, which put our address and secret there and touch nobody else’s',
    words,
    () => ({ connector: hooked({ registration: { ...registration, mend } }) }),
  ]),
  [
    'prints nothing, whatever it is asked to do',
    'It printed',
    () => ({
      connector: hooked({
        missed(_since, ctx) {
          console.log('looking')
          return sent(ctx)
        },
      }),
    }),
  ],
]
