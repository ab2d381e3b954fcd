import { describe, expect, test } from '@jest/globals'
import {
  type Connector,
  Delivery,
  eventTypes,
  memberOf,
  type Verdict,
  type Webhooks,
} from '@app/connector-kit'
import { Secret } from '@app/secrets'
import fc from 'fast-check'

/** One delivery as it came, what it is verified with, and what is read from it: `fixtures/*.json`. */
export interface WebhookFixture {
  kind: 'webhook'
  /** Where it is from: the sheet's vector, or a recording. */
  source: string
  secrets: Record<string, string>
  method?: string
  /** The path and query behind the address that the provider was given. */
  query?: string
  receivedAt?: string
  headers: [string, string][]
  body: string
  /** `fields_signed`: every member that the signature covers, absent ones too. */
  covered?: string[][]
  dedupeKey: string | null
  eventType: string | null
  observations: unknown[]
}

type Named = WebhookFixture & { name: string }

export function describeWebhooks(connector: Connector, webhooks: Webhooks, fixtures: readonly Named[]): void {
  const { id } = connector.manifest

  function delivery(
    fixture: Named,
    changes: Partial<Omit<Named, 'body'>> & { body?: Buffer } = {},
  ): Delivery {
    const {
      method = 'POST',
      query = '',
      receivedAt = '2026-01-01T00:00:10Z',
      headers,
    } = { ...fixture, ...changes }
    const body = changes.body ?? Buffer.from(fixture.body)
    const url = `https://wasl.example/webhooks/${id}/key${query}`
    return new Delivery(method, url, headers.flat(), body, new Date(receivedAt))
  }

  const verify = (given: Delivery, secrets: Record<string, readonly string[]>): Promise<Verdict> =>
    webhooks.verify(given, { secrets: (field) => (secrets[field] ?? []).map((text) => Secret.of(text)) })

  const listed = ({ secrets }: Named, also: (text: string) => string[] = (text) => [text]) =>
    Object.fromEntries(Object.entries(secrets).map(([field, text]) => [field, also(text)]))

  test('declares the secret that its webhooks are verified with, and has recorded deliveries', () => {
    expect(connector.credentials[webhooks.secretField]?.secret).toBe(true)
    expect(fixtures.length).toBeGreaterThan(0)
    expect(webhooks.maxBytes ?? 0).toBeLessThanOrEqual(25 * 1024 * 1024)
  })

  test('no hostile delivery makes it throw or accept', async () => {
    const names = [...new Set(fixtures.flatMap(({ headers }) => headers.map(([name]) => name)))]
    const bodies = fixtures.map(({ body }) => body)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...names), fc.string({ unit: 'binary' }))),
        fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from), fc.constantFrom(...bodies).map(Buffer.from)),
        fc.webQueryParameters(),
        async (headers, body, query) => {
          const url = `https://wasl.example/webhooks/${id}/key?${query}`
          const given = new Delivery('POST', url, headers.flat(), Buffer.from(body), new Date(0))
          expect((await verify(given, { [webhooks.secretField]: ['a secret of some length'] })).ok).toBe(
            false,
          )
          // What was verified may still be nonsense: reading it must not throw either.
          webhooks.dedupeKey(given)
          webhooks.eventType(given)
          webhooks.signature?.(given)
          JSON.stringify(webhooks.normalise(given))
        },
      ),
      { numRuns: 150 },
    )
  })

  describe.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('delivery %s', (_, fixture) => {
    test('verifies, also with the previous secret while one rotates', async () => {
      expect(await verify(delivery(fixture), listed(fixture))).toEqual({ ok: true })
      const rotating = listed(fixture, (text) => [`${text}-new`, text])
      expect(await verify(delivery(fixture), rotating)).toEqual({ ok: true })
    })

    test('is refused with another secret, an empty one, none', async () => {
      for (const also of [(text: string) => [`${text}x`], () => [''], () => []]) {
        expect((await verify(delivery(fixture), listed(fixture, also))).ok).toBe(false)
      }
    })

    test('is refused without what signs it, and with that repeated or garbled', async () => {
      const without = (n: number): [string, string][] => fixture.headers.filter((_header, at) => at !== n)
      let needed = 0
      for (const [n, header] of fixture.headers.entries()) {
        const missing = await verify(delivery(fixture, { headers: without(n) }), listed(fixture))
        if (missing.ok) continue
        needed++
        for (const headers of [
          [...fixture.headers, header],
          [...fixture.headers, [header[0], '']],
          [...without(n), [header[0], '']],
          [...without(n), [header[0], `${header[1]}0`]],
          [...without(n), [header[0], header[1].slice(0, -1)]],
        ] as [string, string][][]) {
          expect((await verify(delivery(fixture, { headers }), listed(fixture))).ok).toBe(false)
        }
      }
      // A scheme whose proof stands in query or body needs no header at all.
      if (needed === 0) expect(fixture.query ?? fixture.body).toContain(Object.values(fixture.secrets)[0])
    })

    if (webhooks.trust === 'body_signed') {
      test('is refused with any byte of its body flipped', async () => {
        const bytes = Buffer.from(fixture.body)
        for (let at = 0; at < bytes.length; at++) {
          const body = Buffer.from(bytes)
          body[at] = (body[at] ?? 0) ^ 1
          expect((await verify(delivery(fixture, { body }), listed(fixture))).ok).toBe(false)
        }
      })
    }

    if (webhooks.trust === 'fields_signed') {
      test('is refused with any covered value changed, whatever it is changed to', async () => {
        expect(fixture.covered?.length ?? 0).toBeGreaterThan(0)
        for (const path of fixture.covered ?? []) {
          for (const value of othersThan(memberOf(JSON.parse(fixture.body), ...path))) {
            const body = Buffer.from(JSON.stringify(replaced(JSON.parse(fixture.body), path, value)))
            expect({
              path,
              value,
              ...(await verify(delivery(fixture, { body }), listed(fixture))),
            }).toMatchObject({
              ok: false,
            })
          }
        }
      })
    }

    test('is read as recorded, in words of the catalogue, without a secret in them', () => {
      const given = delivery(fixture)
      const observations = webhooks.normalise(given)
      const read = {
        dedupeKey: webhooks.dedupeKey(given),
        eventType: webhooks.eventType(given),
        observations: JSON.parse(JSON.stringify(observations)) as unknown[],
      }
      const { dedupeKey, eventType } = fixture
      expect(read).toEqual({ dedupeKey, eventType, observations: fixture.observations })
      for (const { type } of observations) if (type) expect(eventTypes).toContain(type)
      for (const secret of Object.values(fixture.secrets)) {
        expect(JSON.stringify([read, webhooks.signature?.(given)])).not.toContain(secret)
      }
    })
  })
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
