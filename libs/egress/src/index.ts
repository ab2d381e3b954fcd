/**
 * The only way out to the internet. `Egress.send` opens sockets to checked addresses only, follows no redirect and
 * repeats nothing unless it is asked to; it answers any status, or throws an `EgressFailure` whose `effect` says whether
 * something may have happened at the other side. Times are milliseconds, sizes bytes after decompression.
 */
export { Egress, type EgressSettings, LIMITS } from './egress-client.ts'
export {
  type Effect,
  EgressFailure,
  type FailureCode,
  type FailureReason,
  type Retry,
} from './egress-failure.ts'
export type {
  CallLimits,
  EgressReply,
  EgressRequest,
  EgressStream,
  HeadersOf,
  SendOptions,
} from './egress-request.ts'
export { EgressModule } from './egress.module.ts'
/** Each finished try, for whoever keeps logs, metrics or health; `detail` must be redacted by who keeps it. */
export type { CallAbout, CallDetail, CallListener, FinishedCall } from './finished-call.ts'
/** Which connections are held back, for health and for choosing a provider. */
export type { BreakerState } from './breaker/breaker.ts'
export type { BreakerChange } from './breaker/breakers.ts'
/** Slots: the registry's limits, and the tokens of linked accounts. */
export type { LimitOf } from './pace/pacer.ts'
export type { RateLimit } from './pace/token-bucket.ts'
export type { TokenSource } from './auth/lent-tokens.ts'
/** The `http` of a connector's context, bound to one connection. */
export {
  type Caller,
  type PassedCall,
  type ProviderCall,
  providerHttp,
  ProviderHttp,
} from './provider-http.ts'
/** What `Retry-After` asks for. */
export { retryAfterMs } from './repeat/retry-policy.ts'
/** Which providers are played on this machine; empty in production. */
export { EgressRoutes } from './routes.ts'
/** The URL and address rules alone, for what users hand in (destinations). */
export { isAllowed, isListed } from './address-guard.ts'
export { guardedUrl } from './url-guard.ts'
/** For clients with sockets of their own (brokers): the address that is connected to is judged as here. */
export {
  type AddressRules,
  guardedAddresses,
  guardedLookup,
  RefusedAddress,
  type Resolve,
} from './guarded-lookup.ts'
/** One end for a piece of work: its time, or its caller's signal. */
export { Deadline } from './deadline.ts'
