import type { Secret } from '@app/secrets'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AmountRule } from './amount-rule.ts'
import type { Creds, Fields } from './credentials.ts'
import type { Delivery } from './delivery.ts'
import type { EventType } from './event-types.ts'
import type { Money } from './money.ts'
import type { Operations } from './operation.ts'
import type { ConfigNeed, Missed, OwnAddress, Registration } from './registration.ts'
import type { Verdict } from './verification/verdict.ts'
import type { Text } from './words.ts'

/** The categories of the registry (`integration_category` in the database). */
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
/** Which of the provider's two worlds a connection is in; not our environment. */
export type Mode = 'test' | 'live'

/** How a call proves who we are; put in by the platform, so that a connector never holds a header with a secret. */
export type Auth<F extends Fields> =
  | { kind: 'bearer'; token: keyof F & string }
  | { kind: 'basic'; user: keyof F & string; password?: keyof F & string }
  | { kind: 'header'; name: string; value: keyof F & string; prefix?: string }
  /** A key in the URL, for providers that leave no other way; the logs never see it. */
  | { kind: 'query'; name: string; value: keyof F & string }
  | Exchange<F>
  | {
      kind: 'sign'
      scheme: 'sigv4'
      /** Amazon's signing name of the service: `s3`, `sts`. */
      service: string
      region: keyof F & string
      accessKeyId: keyof F & string
      secretAccessKey: keyof F & string
      sessionToken?: keyof F & string
    }
  /** The access token of an account that was linked by OAuth. */
  | { kind: 'oauth2' }

/** Stored credentials that buy a token for a while. The platform keeps the token, renews it, and drops a refused one. */
export interface Exchange<F extends Fields> {
  kind: 'exchange'
  /** Under the endpoint's base URL, or elsewhere. `{field}` stands for a credential. */
  at: { path: string } | { url: string }
  /** `credentials`: the provider's name → our field; `fixed`: what is always the same. */
  send: {
    as: 'json' | 'form'
    credentials?: Readonly<Record<string, keyof F & string>>
    fixed?: Readonly<Record<string, string>>
  }
  /** The call itself is proved so. */
  basic?: { user: keyof F & string; password: keyof F & string }
  /** Where the answer holds the token: `token`, `data.access_token`. */
  token: string
  /** Where it says how many seconds the token lives, or until when. */
  expiresIn?: string
  expiresAt?: string
  /** How long it lives where the answer does not say. */
  lifetimeS: number
  /** How the token is shown; left out: as bearer. */
  header?: { name: string; prefix?: string }
}

/** Where the provider is. The hosts of these rows are the only ones that a connection ever reaches. */
export interface Endpoint {
  /** Left out: the same address for both. */
  mode?: Mode
  region?: string
  /** https, without user, query or fragment. */
  url: string
}

/** One promise: an operation with what it needs and where it holds. */
export interface Capability {
  operation: string
  capabilities?: readonly string[]
  methods?: readonly string[]
  /** ISO 3166-1 alpha-2; left out: everywhere. */
  countries?: readonly string[]
  /** ISO 4217; left out: all. */
  currencies?: readonly string[]
  /** Input that must be there, by path, such as `customer.phone`. */
  requires?: readonly string[]
  /** Bounds of the amount by currency, in ISO 4217 minor units. */
  min?: Readonly<Record<string, number>>
  max?: Readonly<Record<string, number>>
  /** Facts that no recorded exchange has proved yet. */
  unverified?: readonly string[]
}

/** A provider's answer, whole. `json()` throws a SyntaxError where the text is none. */
export interface Reply {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  json(): unknown
}

/** What can go wrong at a provider, by the codes of unified-models.md 2.6. */
export type ProblemCode =
  | 'invalid_request'
  | 'connection_unauthorized'
  | 'not_found'
  | 'invalid_state'
  | 'unsupported'
  | 'declined'
  | 'not_eligible'
  | 'duplicate'
  | 'rate_limited'
  | 'provider_unavailable'
  | 'provider_timeout'
  | 'provider_error'

/** What went wrong at the provider, as data that shared code can weigh (unified-models.md 2.6). */
export interface ProviderProblem {
  code: ProblemCode
  reason?: string
  retry: 'never' | 'same' | 'other' | 'after_fix'
  effect: 'none' | 'unknown' | 'done'
  nativeCode?: string
  /** Seconds, where the provider says when to come again. */
  retryAfter?: number
}

/**
 * The only way out. The base address, the proof of {@link Auth}, time-outs and the redacted log are the platform's; a path
 * never leaves the endpoint. Throws what the egress throws where there is no answer.
 */
export interface Http {
  request(call: {
    method: string
    path: string
    query?: Record<string, string>
    json?: unknown
    headers?: Record<string, string>
    /** A POST that only asks: it may be repeated. */
    reads?: boolean
    /** The provider does this once however often it is sent, by a stable key in it: it may be repeated. */
    keyed?: boolean
    /** By one of {@link Connector.otherAuth} instead of `auth`. */
    auth?: string
  }): Promise<Reply>
}

/** Everything that the platform lends a connector. */
export interface Ctx<F extends Fields = Fields> {
  http: Http
  creds: Creds<F>
  config: Readonly<Record<string, unknown>>
  environment: 'dev' | 'staging' | 'prod'
  mode: Mode
  /** Which of the endpoint rows is called, where they differ by region. */
  region?: string
  /** One value an attempt of an operation, the same over retries and restarts: what the provider is to do once. */
  key: string
  /** Where this provider delivers for this connection; null where it has no address. */
  webhookUrl: string | null
  /** By the connector's {@link AmountRule}; throws `NotRepresentable` rather than round. */
  money: { out(money: Money): string | number; in(value: unknown, currency: string): Money }
  now(): Date
}

/** The secrets that a verification may try: the current one, and the previous one while it rotates. */
export interface VerifyCtx {
  secrets(field: string): readonly Secret[]
  /** The text at a URL whose host the scheme has checked, without redirects; for schemes with certificates only. */
  fetchText?(url: URL): Promise<string>
}

/** What a verified delivery proves: all of its body, the listed fields, only that the sender knew a secret, nothing. */
export type Trust = 'body_signed' | 'fields_signed' | 'shared_secret' | 'none'

/** What a delivery says, in our words. */
export interface Observation {
  resource: 'payment' | 'refund' | 'message' | 'shipment' | 'connection' | 'other'
  /** The provider's id of the resource. */
  ref: string
  /** The provider's word for what happened. */
  native: string
  /** Our word for it, where the provider's word alone decides; payments and the like are named by their rooms. */
  type?: EventType
  /** When it happened at the provider; left out where it does not say. */
  occurredAt?: Date
  /** Picked by name, never the payload; amounts as integers in ISO 4217 minor units. */
  facts: Record<string, unknown>
}

/** How a provider tells us what happened. Every function is asked about hostile deliveries too, and must not throw. */
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
  /** On the raw bytes, before anything is read. Throws only where what is lent fails; then nothing is accepted. */
  verify(delivery: Delivery, ctx: VerifyCtx): Promise<Verdict>
  /** The provider's own event id; null: the hash of the body decides. */
  dedupeKey(delivery: Delivery): string | null
  /** The provider's word for what happened, for lists; never anything else of the body. */
  eventType(delivery: Delivery): string | null
  /** The signature to keep with the event; null where it is itself the secret. */
  signature?(delivery: Delivery): string | null
  /**
   * The headers that `normalise` reads, in small letters. Their values are kept in the event's row, in plain text, and
   * are all that is left of the headers when the event is processed: never one that holds a secret or a signature.
   */
  keptHeaders?: readonly string[]
  /** What a verified delivery says; empty: understood, and nothing to say. */
  normalise(delivery: Delivery): Observation[]
  /** What `missed` and `registration` need to know of the connection; left out: nothing. */
  needs?: ConfigNeed
  /**
   * What the provider says it sent, or would have sent, to this connection since then; newest or oldest first, a page at
   * a time, by calls that only read. Left out where the provider has no such list. A refusal is thrown
   * (`UnexpectedAnswer`), and so is a list that cannot be read to its end.
   */
  missed?(since: Date, ctx: Ctx, own: OwnAddress): AsyncIterable<Missed>
  /** What is registered over there; `per_call`: our address travels with each call. Left out: by hand, without an API. */
  registration?: Registration | 'per_call'
}

/** Whether a connection's credentials are good, as its provider says. */
export interface Health {
  ok: boolean
  detail?: 'credentials_rejected' | 'provider_error'
  account?: { id: string; name?: string }
}

/** A provider: data and pure functions. `describeConnector()` asks each one the same questions. */
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
  /** Further proofs by name, for providers whose calls do not all ask for the same one. */
  otherAuth?: Readonly<Record<string, Auth<F>>>
  endpoints: readonly Endpoint[]
  capabilities: readonly Capability[]
  /** What is implemented, by name; absence means unsupported. */
  operations: Operations
  amounts?: AmountRule
  webhooks?: Webhooks
  /** Read-only and cheap. Throws what the egress throws where the provider cannot be reached. */
  health(ctx: Ctx<F>): Promise<Health>
  /** What `provider_options` may hold for this provider: a Standard Schema. Left out: nothing. */
  options?: StandardSchemaV1
  /** null: not an error. Looks inside 2xx answers too. */
  classify(reply: Reply): ProviderProblem | null
}

/** Types `creds` from `credentials`; the platform then knows the connector without its fields' names. */
export function defineConnector<const F extends Fields>(connector: Connector<F>): Connector {
  const anonymous: unknown = connector
  return anonymous as Connector
}
