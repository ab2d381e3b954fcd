import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  amountIn,
  amountOut,
  checkCredentials,
  type Connector,
  credsOf,
  currencies,
  presentFields,
} from '@app/connector-kit'
import { describeErrors } from './describe-connector-errors.ts'
import { describeWebhooks, type WebhookFixture } from './describe-connector-webhooks.ts'

const providers = join(process.cwd(), 'libs/providers/src')
const ARABIC = /[\u0600-\u06ff]/

type Fixture = WebhookFixture | { kind: 'exchange'; operation: string }

/** The questions that every connector answers (unified-models.md 8). A lesson learnt from one is asked of all. */
export function describeConnector(connector: Connector): void {
  const { manifest, credentials, endpoints, capabilities, operations, amounts, webhooks } = connector
  const folder = join(providers, manifest.id)
  const fixtures = fixturesIn(join(folder, 'fixtures'))

  describe(`${manifest.id} as every connector`, () => {
    test('is in the folder of its registry id, with a page that says what is not verified', () => {
      expect(manifest.id).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
      expect(existsSync(join(folder, 'index.ts'))).toBe(true)
      const page = readFileSync(join(folder, 'README.md'), 'utf8')
      expect(page).toMatch(/not verified/i)
      expect(page).not.toMatch(/TODO|\?\?\?/)
    })

    test('speaks both languages wherever people read', () => {
      const texts = [
        manifest.name,
        ...Object.values(credentials).flatMap(({ label, help }) => [label, help]),
        ...(webhooks ? [webhooks.setup, webhooks.verification] : []),
      ]
      for (const { en, ar } of texts) {
        expect(en.trim()).toMatch(/^[^\u0600-\u06ff]+$|Wasl/)
        expect(ar).toMatch(ARABIC)
      }
    })

    test('is reached by https only, at a closed list of hosts', () => {
      expect(endpoints.length).toBeGreaterThan(0)
      for (const text of [manifest.docs, ...endpoints.map(({ url }) => url)]) {
        const url = new URL(text)
        expect([url.protocol, url.username, url.password, url.search, url.hash]).toEqual([
          'https:',
          '',
          '',
          '',
          '',
        ])
      }
    })

    test('declares credentials that a form can ask for and a check can judge', () => {
      for (const [name, { pattern }] of Object.entries(credentials)) {
        expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
        // "The whole value must match": a pattern without its ends accepts anything around it.
        if (pattern) expect([pattern.source, pattern.flags]).toEqual([expect.stringMatching(/^\^.*\$$/s), ''])
      }
      const required = Object.entries(credentials).filter(([, { optional }]) => !optional)
      expect(checkCredentials(credentials, {}).map(({ pointer }) => pointer)).toEqual(
        required.map(([name]) => `/credentials/${name}`),
      )
      expect(presentFields(credentials)).toHaveLength(Object.keys(credentials).length)
    })

    test('names in its auth only credentials that it declares', () => {
      const { auth } = connector
      const named = [
        auth.kind === 'bearer' ? auth.token : auth.kind === 'basic' ? auth.user : auth.value,
        ...(auth.kind === 'basic' && auth.password !== undefined ? [auth.password] : []),
      ]
      expect(Object.keys(credentials)).toEqual(expect.arrayContaining(named))
    })

    test('never shows a credential in a refusal, a printout or a serialised form', () => {
      const canaries = Object.fromEntries(
        Object.keys(credentials).map((name, n) => [name, `canary ${n} \u0000 of ${name}`]),
      )
      expect(JSON.stringify(checkCredentials(credentials, canaries))).not.toContain('canary')
      const secrets = Object.fromEntries(Object.entries(credentials).filter(([, { secret }]) => secret))
      expect(JSON.stringify(credsOf(secrets, canaries))).not.toContain('canary')
    })

    test('promises only what is implemented, and implements only what is recorded', () => {
      for (const { operation } of capabilities) expect(Object.keys(operations)).toContain(operation)
      const recorded = fixtures.flatMap((fixture) => (fixture.kind === 'exchange' ? [fixture.operation] : []))
      expect(recorded).toEqual(expect.arrayContaining(Object.keys(operations)))
    })

    if (amounts) {
      const named = capabilities.flatMap((row) => row.currencies ?? [])
      test.each(named.length > 0 ? [...new Set(named)] : currencies)(
        'an amount in %s survives out and in',
        (currency) => {
          const step = BigInt(amounts.step?.[currency] ?? 1)
          for (const units of [0n, 1n, 9n, 10n, 1001n, 12_500n, 999_999_999_999n]) {
            const money = { amount: units * step, currency }
            expect(amountIn(amountOut(money, amounts), currency, amounts)).toEqual(money)
          }
        },
      )
    }

    if (webhooks) describeWebhooks(connector, webhooks, fixtures.filter(isWebhook))
    describeErrors(connector)
  })
}

function fixturesIn(folder: string): (Fixture & { name: string })[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      ...(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Fixture),
      name: name.replace('.json', ''),
    }))
}

function isWebhook(fixture: Fixture & { name: string }): fixture is WebhookFixture & { name: string } {
  return fixture.kind === 'webhook'
}
