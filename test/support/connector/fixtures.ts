import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Registered } from '@app/connector-kit'

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

/** What a provider is asked about our webhooks, what it answers, and what is made of it. */
export interface TalkFixture {
  kind: 'missed' | 'registration'
  source: string
  config: Record<string, unknown>
  /** The connection's addresses: that of today, and those that it had. */
  own: [string, ...string[]]
  now?: string
  exchanges: {
    /** Query and body are exactly these. */
    request: { method: string; path: string; query?: Record<string, string>; json?: unknown }
    reply: { status: number; headers?: Record<string, string>; body: unknown }
    /** `page`: the answer names another page. `body`: not asked before one delivery is known to be missing. */
    role?: 'page' | 'body'
  }[]
  /** `missed`: since when, and what should have come. */
  since?: string
  found?: { dedupeKey: string; eventType: string | null; at: string }[]
  /** `registration`: all that is registered, and the calls that mend it; `{secret}` stands for ours. */
  registered?: Registered[]
  mended?: { method: string; path: string; json: unknown }[]
}

export type Named<F> = F & { name: string }
export type Fixture = Named<WebhookFixture | ExchangeFixture | TalkFixture>

export function fixturesIn(folder: string): Fixture[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      ...(JSON.parse(readFileSync(join(folder, name), 'utf8')) as
        WebhookFixture | ExchangeFixture | TalkFixture),
      name: name.replace('.json', ''),
    }))
}

export function isWebhook(fixture: Fixture): fixture is Named<WebhookFixture> {
  return fixture.kind === 'webhook'
}

export function isTalk(fixture: Fixture): fixture is Named<TalkFixture> {
  return fixture.kind === 'missed' || fixture.kind === 'registration'
}
