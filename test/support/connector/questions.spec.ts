import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { accepted, Delivery, sign, verify, type Webhooks } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { questionsTo } from '../describe-connector.ts'
import { brokenTalk } from './broken-talk.ts'
import { objectionsTo } from './question.ts'
import {
  operation,
  body,
  type BrokenCase,
  type Case,
  exchange,
  type Files,
  fixture,
  hooked,
  KEY,
  listed,
  overId,
  registered,
  scheme,
  sound,
  told,
  webhooks,
  words,
} from './sound-connector.ts'

/*
 * A suite that cannot object proves nothing. Here is a sound connector, and the same one broken in one way at a time:
 * the question that is named must object, in the words that are quoted.
 */
const { credentials } = sound
const root = mkdtempSync(join(tmpdir(), 'wasl-questions-'))
let signed: typeof fixture
beforeAll(async () => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined)
  const bare = new Delivery('POST', 'https://x.example/', [], Buffer.from(body), new Date(0))
  const given = (await sign(scheme, bare, Secret.of(KEY)))!
  signed = { ...fixture, headers: [['x-acme-signature', given.header('x-acme-signature')!]] }
})
afterAll(() => {
  jest.restoreAllMocks()
  rmSync(root, { recursive: true })
})

/** A folder that holds what a sound one holds, and these files. */
function folderWith(files: Files): string {
  const folder = join(mkdtempSync(join(root, 'case-')), 'acme')
  mkdirSync(join(folder, 'fixtures'), { recursive: true })
  const all: Files = {
    'index.ts': "import { verify } from '@app/connector-kit'\n",
    'README.md': 'Not verified: nothing is left.\n',
    'fixtures/paid.json': signed,
    'fixtures/list.json': exchange,
    'fixtures/sent.json': listed,
    'fixtures/hooks.json': registered,
    ...files,
  }
  for (const [name, content] of Object.entries(all))
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}

/** Question by question, what is objected to. */
async function objections({ connector = sound, files = {} }: Case): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const question of questionsTo(connector, folderWith(files))) {
    const wrong = await objectionsTo(question)
    if (wrong.length > 0) found.set(question.asks, wrong.join('\n'))
  }
  return found
}

test('a sound connector is let through', async () => {
  expect(await objections({})).toEqual(new Map())
})

const cases: BrokenCase[] = [
  ...brokenTalk,
  ['is in the folder of its registry id', 'Name the folder', () => ({ connector: told({ id: 'other' }) })],
  ['is in the folder of its registry id', 'no registry id', () => ({ connector: told({ id: 'Acme-1' }) })],
  [
    'has a page that answers what it was asked, and says what is not verified',
    'line 2, still asks: Who signs?',
    () => ({ files: { 'README.md': 'Not verified: all.\n??? Who signs?' } }),
  ],
  [
    'has a page that answers what it was asked, and says what is not verified',
    'say what is not verified',
    () => ({ files: { 'README.md': '# Acme' } }),
  ],
  ['tells where its documentation is', 'manifest.docs', () => ({ connector: told({ docs: '' }) })],
  [
    'is reached by https only, at a closed list of hosts',
    'not plain https',
    () => ({ connector: { ...sound, endpoints: [{ url: 'http://api.acme.example' }] } }),
  ],
  [
    'is reached by https only, at a closed list of hosts',
    'name the base address',
    () => ({ connector: { ...sound, endpoints: [] } }),
  ],
  [
    'speaks both languages wherever people read',
    'manifest.name.ar: say it in Arabic',
    () => ({ connector: told({ name: { en: 'Acme', ar: 'Acme' } }) }),
  ],
  [
    'speaks both languages wherever people read',
    'webhooks.setup.en: say it in English',
    () => ({ connector: hooked({ setup: { en: 'كلمات', ar: 'كلمات' } }) }),
  ],
  [
    'reaches neither network, clock, database nor console',
    'imports node:https',
    () => ({ files: { 'map.ts': 'await import("node:https")' } }),
  ],
  [
    'reaches neither network, clock, database nor console',
    'uses Date.now',
    () => ({ files: { 'map.ts': 'export const at = Date.now()' } }),
  ],
  [
    'declares credentials that a form can ask for and a check can judge',
    'pattern: begin with ^',
    () => ({
      connector: {
        ...sound,
        credentials: { ...credentials, token: { ...credentials.token!, pattern: /tok/ } },
      },
    }),
  ],
  [
    'names in its auth only credentials that it declares, and proves itself with a secret one',
    'does not declare',
    () => ({ connector: { ...sound, auth: { kind: 'bearer', token: 'nobody' } } }),
  ],
  [
    'names in its auth only credentials that it declares, and proves itself with a secret one',
    'proves nothing',
    () => ({ connector: { ...sound, auth: { kind: 'header', name: 'x', value: 'account' } } }),
  ],
  [
    'never shows a credential in a refusal, a printout or a serialised form',
    'is shown',
    () => ({
      connector: {
        ...sound,
        credentials: { token: { ...credentials.token!, help: { ...words, en: 'Such as canary 0.' } } },
      },
    }),
  ],
  [
    'says how it writes amounts, if it takes money',
    'how are they written',
    () => ({ connector: { ...told({ category: 'payment' }), amounts: undefined } }),
  ],
  [
    'promises only what is implemented',
    'A row promises record.create',
    () => ({ connector: { ...sound, capabilities: [{ operation: 'record.create' }] } }),
  ],
  [
    'implements only what is recorded',
    'record.drop: record a call',
    () => ({ connector: { ...sound, operations: { ...sound.operations, 'record.drop': operation } } }),
  ],
  [
    'implements only what is recorded',
    'an exchange is a pair',
    () => ({ files: { 'fixtures/list.json': { ...exchange, reply: undefined } } }),
  ],
  [
    'lets every amount survive out and in, in every currency of its rows',
    'KWD in minor units cannot be said',
    () => ({ connector: { ...sound, amounts: { wire: 'decimal_string', digits: { KWD: 2 } } } }),
  ],
  [
    'lets every amount survive out and in, in every currency of its rows',
    'amounts.step.SAR',
    () => ({ connector: { ...sound, amounts: { wire: 'decimal_string', step: { SAR: 0.5 } } } }),
  ],
  [
    'declares the secret that its webhooks are verified with, and has recorded deliveries',
    'declare "account" among',
    () => ({ connector: hooked({ secretField: 'account' }) }),
  ],
  [
    'declares the secret that its webhooks are verified with, and has recorded deliveries',
    'No delivery is recorded',
    () => ({ files: { 'fixtures/paid.json': exchange } }),
  ],
  [
    'lets no hostile delivery throw or pass',
    'nobody signed is accepted',
    () => ({ connector: hooked({ verify: async () => accepted }) }),
  ],
  [
    'lets no hostile delivery throw or pass',
    'nobody signed throws',
    () => ({
      connector: hooked({ eventType: (delivery) => JSON.parse(delivery.rawBody.toString()) as string }),
    }),
  ],
  [
    'delivery paid verifies, also with the previous secret while one rotates',
    'the second of two',
    () => ({
      connector: hooked({
        verify: (delivery, ctx) => verify(scheme, delivery, ctx.secrets('webhook_key').slice(0, 1)),
      }),
    }),
  ],
  [
    'delivery paid is refused with another secret, an empty one, none',
    'Another secret verifies it',
    () => ({ connector: hooked({ verify: (delivery) => verify(scheme, delivery, [Secret.of(KEY)]) }) }),
  ],
  [
    'delivery paid is refused without what signs it, and with that repeated or garbled',
    'x-acme-signature twice',
    () => ({
      connector: hooked({
        verify: (delivery, ctx) => {
          const line = delivery.lines('x-acme-signature')[0] ?? ''
          const first = new Delivery(
            'POST',
            delivery.url,
            ['x-acme-signature', line],
            delivery.rawBody,
            new Date(0),
          )
          return verify(scheme, first, ctx.secrets('webhook_key'))
        },
      }),
    }),
  ],
  [
    'delivery paid is refused without what signs it, and with that repeated or garbled',
    'Nothing in it is needed',
    () => ({ connector: hooked({ verify: async () => accepted }) }),
  ],
  [
    'delivery paid is read as recorded, in words of the catalogue, without a secret in them',
    'not mapped',
    () => ({
      connector: hooked({
        normalise: (delivery) =>
          webhooks.normalise(delivery).map((seen) => ({ ...seen, type: 'provider.unmapped' })),
      }),
    }),
  ],
  [
    'delivery paid is read as recorded, in words of the catalogue, without a secret in them',
    'dedupeKey: recorded "evt_1", read null',
    () => ({ connector: hooked({ dedupeKey: () => null }) }),
  ],
  [
    'delivery paid is read as recorded, in words of the catalogue, without a secret in them',
    'webhook_key is shown',
    () => ({ connector: hooked({ signature: () => KEY }) }),
  ],
  [
    'delivery paid is refused with any byte of its body flipped',
    'byte 0 of its body flipped',
    () => ({
      connector: hooked({
        verify: async (delivery) =>
          delivery.header('x-acme-signature') ? accepted : { ok: false, reason: 'no_secret' },
      }),
    }),
  ],
  ...['x-acme-signature', 'authorization', 'x-acme-token', 'client-secret', 'x-api-key', 'hashstring'].map(
    (name): BrokenCase => [
      'keeps no header that may hold a secret',
      `webhooks.keptHeaders: "${name}"`,
      () => ({ connector: hooked({ keptHeaders: [name] }) }),
    ],
  ),
  [
    'keeps no header that may hold a secret',
    'small letters',
    () => ({ connector: hooked({ keptHeaders: ['X-Acme-Event'] }) }),
  ],
  [
    'keeps no header that may hold a secret',
    'x-acme-event: its value is the signature',
    () => ({
      connector: hooked({
        keptHeaders: ['x-acme-event'],
        signature: (delivery) => delivery.header('x-acme-signature') ?? null,
      }),
      files: {
        'fixtures/paid.json': {
          ...signed,
          headers: [...signed.headers, ['X-Acme-Event', signed.headers[0]![1]!]],
        },
      },
    }),
  ],
  [
    'reads the same from what is kept of a delivery',
    'fixtures/paid.json is read otherwise once only x-acme-id of its headers',
    () => {
      const byHeader = (name: string): Partial<Webhooks> => ({
        normalise: (delivery) => (delivery.header(name) ? webhooks.normalise(delivery) : []),
      })
      return {
        connector: hooked({ keptHeaders: ['x-acme-id'], ...byHeader('x-acme-event') }),
        files: {
          'fixtures/paid.json': {
            ...signed,
            headers: [...signed.headers, ['x-acme-event', 'record.created']],
          },
        },
      }
    },
  ],
  [
    'finds nothing wrong in a good answer',
    'is no error',
    () => ({
      connector: { ...sound, classify: () => ({ code: 'declined', retry: 'never', effect: 'none' }) },
    }),
  ],
  [
    'weighs 401, 429 and 5xx as they are',
    '429 has code',
    () => ({ connector: { ...sound, classify: () => null } }),
  ],
  [
    'weighs every refusal in known words, whatever the body is, and repeats none of it',
    "repeats the provider's text",
    () => ({
      connector: {
        ...sound,
        classify: (reply) => ({ ...sound.classify({ ...reply, status: 422 })!, reason: reply.text }),
      },
    }),
  ],
  [
    'weighs every refusal in known words, whatever the body is, and repeats none of it',
    'SyntaxError',
    () => ({ connector: { ...sound, classify: (reply) => (reply.json() ? sound.classify(reply) : null) } }),
  ],
  [
    'asks the provider for its health, and believes a refusal',
    'ask the provider',
    () => ({ connector: { ...sound, health: async () => ({ ok: true }) } }),
  ],
  [
    'puts no credential into a call or a finding of its own',
    'health shows token',
    () => ({
      connector: {
        ...sound,
        async health({ http, creds }) {
          const token = creds.token as Secret
          return {
            ok: (await http.request({ method: 'GET', path: `/me?t=${token.reveal()}` })).status === 200,
          }
        },
      },
    }),
  ],
  [
    'prints nothing, whatever it is asked to do',
    'It printed',
    () => ({
      connector: hooked({
        verify(delivery, ctx) {
          console.log(ctx.secrets('webhook_key')[0]?.reveal())
          return webhooks.verify(delivery, ctx)
        },
      }),
    }),
  ],
]

describe.each(cases)('%s', (question, words, broken) => {
  test(`objects: ${words}`, async () => {
    expect((await objections(broken())).get(question)).toMatch(words)
  })
})

test('with signed fields: a member that is called covered and is not', async () => {
  const bare = new Delivery('POST', 'https://x.example/', [], Buffer.from(body), new Date(0))
  const given = (await sign(overId, bare, Secret.of(KEY)))!
  const headers = [['x-acme-signature', given.header('x-acme-signature')!]]
  const connector = hooked({
    trust: 'fields_signed',
    verify: (delivery, ctx) => verify(overId, delivery, ctx.secrets('webhook_key')),
  })
  const asked = (covered: string[][]): Promise<Map<string, string>> =>
    objections({ connector, files: { 'fixtures/paid.json': { ...signed, headers, covered } } })
  expect(await asked([['id']])).toEqual(new Map())
  const question = 'delivery paid is refused with any covered value changed, whatever it is changed to'
  expect((await asked([['note']])).get(question)).toMatch('still verified with note')
  expect((await asked([])).get(question)).toMatch('List the covered members')
})

test('there is no question that never objects', () => {
  const asked = questionsTo(sound, folderWith({})).map(({ asks }) => asks)
  expect(cases.map(([question]) => question)).toEqual(expect.arrayContaining(asked))
})
