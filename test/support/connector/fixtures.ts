import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

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

/** One call of an operation and what the provider answered. */
export interface ExchangeFixture {
  kind: 'exchange'
  source: string
  operation: string
  request: { method: string; path: string }
  reply: { status: number; body: string }
}

export type Named<F> = F & { name: string }
export type Fixture = Named<WebhookFixture | ExchangeFixture>

export function fixturesIn(folder: string): Fixture[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      ...(JSON.parse(readFileSync(join(folder, name), 'utf8')) as WebhookFixture | ExchangeFixture),
      name: name.replace('.json', ''),
    }))
}

export function isWebhook(fixture: Fixture): fixture is Named<WebhookFixture> {
  return fixture.kind === 'webhook'
}
