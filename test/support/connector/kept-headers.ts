import { isDeepStrictEqual } from 'node:util'
import { Delivery, isKeptHeader, type Webhooks } from '@app/connector-kit'
import type { Named, WebhookFixture } from './fixtures.ts'
import { type Question, unless } from './question.ts'

/** Names that hold a proof or a secret somewhere. */
const SECRET_NAME =
  /authori[sz]ation|cookie|token|signature|secret|password|hmac|hash|jwt|(api|access|auth)-?key/

/** What of the headers outlives the request, and whether that is enough to process the event. */
export function keptHeaderQuestions(
  webhooks: Webhooks,
  fixtures: readonly Named<WebhookFixture>[],
): Question[] {
  const { keptHeaders = [] } = webhooks
  return [
    {
      asks: 'keeps no header that may hold a secret',
      objections: () => [
        ...keptHeaders.flatMap((name) => [
          ...unless(
            !SECRET_NAME.test(name.toLowerCase()),
            `webhooks.keptHeaders: "${name}" sounds like a secret, and its value would lie in the row in plain text.`,
          ),
          ...unless(
            /^[a-z0-9-]+$/.test(name),
            `webhooks.keptHeaders: "${name}": small letters, digits and - only.`,
          ),
        ]),
        ...fixtures.flatMap((fixture) => {
          const given = deliveryOf(fixture, () => true)
          const proofs = [webhooks.signature?.(given), ...Object.values(fixture.secrets)]
          return keptHeaders
            .filter((name) => given.lines(name).some((line) => proofs.includes(line)))
            .map((name) => `fixtures/${fixture.name}.json, ${name}: its value is the signature or a secret.`)
        }),
      ],
    },
    {
      asks: 'reads the same from what is kept of a delivery',
      objections: () =>
        fixtures
          .filter((fixture) => {
            const [whole, kept] = [
              deliveryOf(fixture, () => true),
              deliveryOf(fixture, (name) => isKeptHeader(name, webhooks)),
            ]
            return !isDeepStrictEqual(webhooks.normalise(whole), webhooks.normalise(kept))
          })
          .map(
            ({ name }) =>
              `fixtures/${name}.json is read otherwise once only ${keptHeaders.join(', ') || 'harmless ones'} of its headers are kept: declare in webhooks.keptHeaders which ones normalise reads.`,
          ),
    },
  ]
}

function deliveryOf(
  { method = 'POST', query = '', headers, body }: WebhookFixture,
  keeps: (name: string) => boolean,
): Delivery {
  const left = headers.filter(([name]) => keeps(name.toLowerCase()))
  const url = `https://wasl.example/webhooks/x/key${query}`
  return new Delivery(method, url, left.flat(), Buffer.from(body), new Date(0))
}
