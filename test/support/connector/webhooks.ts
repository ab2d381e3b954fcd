import { isDeepStrictEqual } from 'node:util'
import {
  type Connector,
  Delivery,
  eventTypes,
  memberOf,
  type Observation,
  type Verdict,
  type Webhooks,
} from '@app/connector-kit'
import { Secret } from '@app/secrets'
import fc from 'fast-check'
import type { Named, WebhookFixture } from './fixtures.ts'
import { type Question, unless } from './question.ts'

type Recorded = Named<WebhookFixture>
type Secrets = Record<string, readonly string[]>

const MOST_BYTES = 25 * 1024 * 1024
const ACCEPTED = new Error('accepted')

/** What a sender may not do to us, asked of every recorded delivery and of any. */
export function webhookQuestions(
  { manifest, credentials }: Connector,
  webhooks: Webhooks,
  fixtures: readonly Recorded[],
): Question[] {
  return [
    {
      asks: 'declares the secret that its webhooks are verified with, and has recorded deliveries',
      objections: () => [
        ...unless(
          credentials[webhooks.secretField]?.secret === true,
          `webhooks.secretField: declare "${webhooks.secretField}" among the credentials, with secret().`,
        ),
        ...unless(
          fixtures.length > 0,
          'No delivery is recorded: put one into fixtures/NAME.json; github/fixtures/ping.json shows its form.',
        ),
        ...unless((webhooks.maxBytes ?? 0) <= MOST_BYTES, 'webhooks.maxBytes: 25 MiB at most.'),
        ...fixtures.flatMap(({ name, source, secrets }) => [
          ...unless(Boolean(source), `fixtures/${name}.json: say in "source" where it is from.`),
          ...Object.keys(secrets)
            .filter((field) => !credentials[field]?.secret)
            .map(
              (field) => `fixtures/${name}.json is verified with "${field}", which is no secret credential.`,
            ),
        ]),
      ],
    },
    {
      asks: 'lets no hostile delivery throw or pass',
      objections: () => hostileObjections(manifest.id, webhooks, fixtures),
    },
    ...fixtures.flatMap((fixture) => deliveryQuestions(manifest.id, webhooks, fixture)),
  ]
}

function deliveryQuestions(id: string, webhooks: Webhooks, fixture: Recorded): Question[] {
  const verified = async (
    changes: Partial<Omit<Recorded, 'body'>> & { body?: Buffer },
    secrets = listed(fixture),
  ) => (await verdictOf(webhooks, deliveryOf(id, fixture, changes), secrets)).ok
  const asked: Question[] = [
    {
      asks: 'verifies, also with the previous secret while one rotates',
      objections: async () => [
        ...unless(await verified({}), 'It is refused with its own secret.'),
        ...unless(
          await verified(
            {},
            listed(fixture, (text) => [`${text}-new`, text]),
          ),
          'It is refused when its secret is the second of two: try every one that ctx.secrets gives.',
        ),
      ],
    },
    {
      asks: 'is refused with another secret, an empty one, none',
      objections: async () => [
        ...unless(
          !(await verified(
            {},
            listed(fixture, (text) => [`${text}x`]),
          )),
          'Another secret verifies it.',
        ),
        ...unless(
          !(await verified(
            {},
            listed(fixture, () => ['']),
          )),
          'An empty secret verifies it.',
        ),
        ...unless(
          !(await verified(
            {},
            listed(fixture, () => []),
          )),
          'It is verified without any secret.',
        ),
      ],
    },
    {
      asks: 'is refused without what signs it, and with that repeated or garbled',
      objections: async () => {
        const wrong: string[] = []
        let needed = 0
        for (const [n, [name, value]] of fixture.headers.entries()) {
          const others = fixture.headers.filter((_header, at) => at !== n)
          if (await verified({ headers: others })) continue
          needed++
          const garbled: [string, [string, string][]][] = [
            ['twice', [...fixture.headers, [name, value]]],
            ['twice, once empty', [...fixture.headers, [name, '']]],
            ['empty', [...others, [name, '']]],
            ['longer', [...others, [name, `${value}0`]]],
            ['shorter', [...others, [name, value.slice(0, -1)]]],
          ]
          for (const [how, headers] of garbled) {
            if (await verified({ headers })) wrong.push(`It is verified with the header ${name} ${how}.`)
          }
        }
        const elsewhere = !(await verified({ query: '' })) || !(await verified({ body: Buffer.from('{}') }))
        return [...wrong, ...unless(needed > 0 || elsewhere, 'Nothing in it is needed to verify it.')]
      },
    },
    {
      asks: 'is read as recorded, in words of the catalogue, without a secret in them',
      objections: () => readingObjections(webhooks, deliveryOf(id, fixture), fixture),
    },
  ]
  if (webhooks.trust === 'body_signed') {
    asked.push({
      asks: 'is refused with any byte of its body flipped',
      objections: async () => {
        const bytes = Buffer.from(fixture.body)
        for (let at = 0; at < bytes.length; at++) {
          const body = Buffer.from(bytes)
          body[at] = (body[at] ?? 0) ^ 1
          if (await verified({ body })) return [`It is still verified with byte ${at} of its body flipped.`]
        }
        return []
      },
    })
  }
  if (webhooks.trust === 'fields_signed') {
    asked.push({
      asks: 'is refused with any covered value changed, whatever it is changed to',
      objections: async () => {
        const wrong = unless(Boolean(fixture.covered?.length), 'List the covered members in "covered".')
        for (const path of fixture.covered ?? []) {
          for (const value of othersThan(memberOf(JSON.parse(fixture.body), ...path))) {
            const body = Buffer.from(JSON.stringify(replaced(JSON.parse(fixture.body), path, value)))
            if (await verified({ body }))
              wrong.push(`It is still verified with ${path.join('.')} = ${JSON.stringify(value)}.`)
          }
        }
        return wrong
      },
    })
  }
  return asked.map(({ asks, objections }) => ({ asks: `delivery ${fixture.name} ${asks}`, objections }))
}

function readingObjections(webhooks: Webhooks, given: Delivery, fixture: Recorded): string[] {
  const observations = webhooks.normalise(given)
  const read = {
    dedupeKey: webhooks.dedupeKey(given),
    eventType: webhooks.eventType(given),
    observations: JSON.parse(JSON.stringify(observations)) as unknown[],
  }
  const shown = JSON.stringify([read, webhooks.signature?.(given)])
  return [
    ...(['dedupeKey', 'eventType', 'observations'] as const)
      .filter((what) => !isDeepStrictEqual(read[what], fixture[what]))
      .map(
        (what) => `${what}: recorded ${JSON.stringify(fixture[what])}, read ${JSON.stringify(read[what])}.`,
      ),
    ...observations.flatMap(wordObjections),
    ...Object.entries(fixture.secrets)
      .filter(([, secret]) => shown.includes(secret))
      .map(([field]) => `${field} is shown in what is read; pick facts by name.`),
  ]
}

function wordObjections({ type, native }: Observation): string[] {
  if (type === 'provider.unmapped')
    return [`"${native}" is recorded but not mapped: say in map.ts what it means.`]
  return [
    ...unless(type === undefined || eventTypes.has(type), `"${type}" is no word of the catalogue.`),
    ...unless(native !== '', "An observation lacks the provider's own word."),
  ]
}

async function hostileObjections(
  id: string,
  webhooks: Webhooks,
  fixtures: readonly Recorded[],
): Promise<string[]> {
  const names = ['x', ...new Set(fixtures.flatMap(({ headers }) => headers.map(([name]) => name)))]
  const bodies = ['{}', ...fixtures.map(({ body }) => body)]
  const hostile = fc.asyncProperty(
    fc.array(fc.tuple(fc.constantFrom(...names), fc.string({ unit: 'binary' }))),
    fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from), fc.constantFrom(...bodies).map(Buffer.from)),
    fc.webQueryParameters(),
    async (headers, body, query) => {
      const url = `https://wasl.example/webhooks/${id}/key?${query}`
      const given = new Delivery('POST', url, headers.flat(), Buffer.from(body), new Date(0))
      const secrets = { [webhooks.secretField]: ['a secret of some length'] }
      if ((await verdictOf(webhooks, given, secrets)).ok) throw ACCEPTED
      // What was verified may still be nonsense: reading it must not throw either.
      webhooks.dedupeKey(given)
      webhooks.eventType(given)
      webhooks.signature?.(given)
      JSON.stringify(webhooks.normalise(given))
    },
  )
  const { failed, counterexample, errorInstance } = await fc.check(hostile, { numRuns: 150 })
  if (!failed) return []
  const how = errorInstance === ACCEPTED ? 'is accepted' : `throws ${String(errorInstance)}`
  return [`A delivery that nobody signed ${how} (headers, body, query: ${JSON.stringify(counterexample)})`]
}

function deliveryOf(
  id: string,
  fixture: Recorded,
  changes: Partial<Omit<Recorded, 'body'>> & { body?: Buffer } = {},
): Delivery {
  const { method = 'POST', query = '', receivedAt, headers } = { ...fixture, ...changes }
  const body = changes.body ?? Buffer.from(fixture.body)
  const url = `https://wasl.example/webhooks/${id}/key${query}`
  return new Delivery(method, url, headers.flat(), body, new Date(receivedAt ?? '2026-01-01T00:00:10Z'))
}

function verdictOf(webhooks: Webhooks, given: Delivery, secrets: Secrets): Promise<Verdict> {
  return webhooks.verify(given, { secrets: (field) => (secrets[field] ?? []).map((text) => Secret.of(text)) })
}

function listed({ secrets }: Recorded, also: (text: string) => string[] = (text) => [text]): Secrets {
  return Object.fromEntries(Object.entries(secrets).map(([field, text]) => [field, also(text)]))
}

/** A text grown, cut and emptied, a number moved, the member gone, and things that are neither. */
function othersThan(value: unknown): unknown[] {
  const others: unknown[] = [{}, [], true, 'other', 7]
  if (typeof value === 'string') others.push(`${value}0`, `0${value}`, value.slice(1), value.toLowerCase())
  if (typeof value === 'number') others.push(value + 0.01, value * 10, -value)
  if (value !== undefined) others.push(undefined, null)
  return others.filter((other) => other !== value)
}

function replaced(within: unknown, [name, ...rest]: string[], value: unknown): unknown {
  if (name === undefined) return value
  const members = (typeof within === 'object' && within !== null ? within : {}) as Record<string, unknown>
  return { ...members, [name]: replaced(members[name], rest, value) }
}
