import type { Secret } from '@app/secrets'
import type { AmountRule } from './amount-rule.ts'
import type { Creds, Fields } from './credentials.ts'
import type { Delivery } from './delivery.ts'
import type { EventType } from './event-types.ts'
import type { Verdict } from './verification/verdict.ts'
import type { Text } from './words.ts'

export type Category =
  | 'payment'
  | 'communication'
  | 'logistics'
  | 'deploy'
  | 'auth'
  | 'analytics'
  | 'development'
  | 'database'
  | 'storage'
  | 'monitoring'
  | 'marketing'
  | 'crm'
export type Mode = 'test' | 'live'

/** How a call proves who we are; put in by the platform, so that a connector never holds a header with a secret. */
export type Auth<F extends Fields> =
  | { kind: 'bearer'; token: keyof F & string }
  | { kind: 'basic'; user: keyof F & string; password?: keyof F & string }
  | { kind: 'header'; name: string; value: keyof F & string }

/** Where the provider is. The hosts of these rows are the only ones that a connection ever reaches. */
export interface Endpoint {
  mode?: Mode
  region?: string
  url: string
}

/** One promise: an operation with what it needs and where it holds. */
export interface Capability {
  operation: string
  capabilities?: readonly string[]
  methods?: readonly string[]
  countries?: readonly string[]
  currencies?: readonly string[]
  requires?: readonly string[]
  /** Facts that no recorded exchange has proved yet. */
  unverified?: readonly string[]
}

/** A provider's answer, whole. */
export interface Reply {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  json(): unknown
}

/** What went wrong at the provider, as data that shared code can weigh (unified-models.md 2.6). */
export interface ProviderProblem {
  code: string
  reason?: string
  retry: 'never' | 'same' | 'other' | 'after_fix'
  effect: 'none' | 'unknown' | 'done'
  nativeCode?: string
}

export interface Http {
  request(call: {
    method: string
    path: string
    query?: Record<string, string>
    json?: unknown
    headers?: Record<string, string>
  }): Promise<Reply>
}

/** Everything that the platform lends a connector. */
export interface Ctx<F extends Fields = Fields> {
  http: Http
  creds: Creds<F>
  config: Readonly<Record<string, unknown>>
  environment: 'dev' | 'staging' | 'prod'
  mode: Mode
  now(): Date
}

/** The secrets that a verification may try: the current one, and the previous one while it rotates. */
export interface VerifyCtx {
  secrets(field: string): readonly Secret[]
  /** The text at a URL whose host the scheme has checked, without redirects; for schemes with certificates only. */
  fetchText?(url: URL): Promise<string>
}

export type Trust = 'body_signed' | 'fields_signed' | 'shared_secret' | 'none'

/** What a delivery says, in our words. */
export interface Observation {
  resource: 'payment' | 'refund' | 'message' | 'shipment' | 'connection' | 'other'
  ref: string
  native: string
  /** Our word for it, where the provider's word alone decides; payments and the like are named by their rooms. */
  type?: EventType
  occurredAt?: Date
  facts: Record<string, unknown>
}

export interface Webhooks {
  trust: Trust
  /** What the user pastes where. */
  setup: Text
  /** The scheme in one sentence. */
  verification: Text
  /** The credential that must be there for a delivery to be accepted. */
  secretField: string
  methods?: readonly ('POST' | 'GET')[]
  /** Body limit where it is not 1 MiB; 25 MiB at most. */
  maxBytes?: number
  verify(delivery: Delivery, ctx: VerifyCtx): Promise<Verdict>
  /** The provider's own event id; null: the hash of the body decides. */
  dedupeKey(delivery: Delivery): string | null
  /** The provider's word for what happened, for lists; never anything else of the body. */
  eventType(delivery: Delivery): string | null
  /** The signature to keep with the event; null where it is itself the secret. */
  signature?(delivery: Delivery): string | null
  normalise(delivery: Delivery): Observation[]
}

export interface Health {
  ok: boolean
  detail?: 'credentials_rejected' | 'provider_error'
  account?: { id: string; name?: string }
}

export interface Connector<F extends Fields = Fields> {
  manifest: {
    id: string
    name: Text
    category: Category
    lifecycle: 'stable' | 'beta' | 'dormant'
    mena: boolean
    docs: string
    authMethod: 'oauth2' | 'oauth2_pkce' | 'api_key' | 'webhook_secret' | 'jwt' | 'basic_auth' | 'custom'
  }
  credentials: F
  auth: Auth<F>
  endpoints: readonly Endpoint[]
  capabilities: readonly Capability[]
  /** What is implemented, by name; absence means unsupported. */
  operations: Readonly<Record<string, unknown>>
  amounts?: AmountRule
  webhooks?: Webhooks
  /** Read-only and cheap. Throws what the egress throws where the provider cannot be reached. */
  health(ctx: Ctx<F>): Promise<Health>
  /** null: not an error. Looks inside 2xx answers too. */
  classify(reply: Reply): ProviderProblem | null
}

/** Types `creds` from `credentials`; the platform then knows the connector without its fields' names. */
export function defineConnector<const F extends Fields>(connector: Connector<F>): Connector {
  return connector as unknown as Connector
}
