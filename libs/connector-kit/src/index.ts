/**
 * What a provider is written with. No network, no clock, no database: the platform lends them. Verification refuses
 * rather than throws; money is exact or {@link NotRepresentable}; amounts are ISO 4217 minor units, times are `Date`s.
 */
export { digitsOf, exactJsonOf, jsonOf, UnexpectedAnswer } from './answers.ts'
export { amountIn, amountOut, type AmountRule } from './amount-rule.ts'
export * from './connector.ts'
export { ctxOf, forOperation } from './context.ts'
export {
  checkCredentials,
  type CredentialProblem,
  type Creds,
  credsOf,
  field,
  type Field,
  type Fields,
  modeOf,
  presentFields,
  secret,
} from './credentials.ts'
export { Delivery, memberOf, textOf } from './delivery.ts'
export { type EventType, eventTypes } from './event-types.ts'
export { isKeptHeader } from './kept-headers.ts'
export {
  currencies,
  decimalOf,
  exponentOf,
  inMinorUnits,
  minorUnitsOf,
  type Money,
  NotRepresentable,
} from './money.ts'
export {
  type Operation,
  type OperationMap,
  type OperationName,
  type OperationOf,
  type Operations,
  ProviderFailure,
  type Replay,
} from './operation.ts'
export type * from './payments.ts'
export { EndlessList, pagesOf } from './pages.ts'
export {
  type ConfigNeed,
  isAskable,
  type Missed,
  type OwnAddress,
  type Registered,
  type Registration,
} from './registration.ts'
export { type Hmac, signHmac } from './verification/hmac.ts'
export { type Jwt } from './verification/jwt.ts'
export { type Position } from './verification/position.ts'
export { type Rsa } from './verification/rsa.ts'
export { type Scheme, sign, verify } from './verification/schemes.ts'
export { overFields, overParts, type Part, type Signed } from './verification/signed.ts'
export { remembering, sns, type SnsTrust } from './verification/sns.ts'
export { type StandardWebhooks } from './verification/standard-webhooks.ts'
export { type BasicAuth, type StaticSecret } from './verification/static-secret.ts'
export { type TimestampedHmac } from './verification/timestamped-hmac.ts'
export { accepted, type Refusal, refused, type Verdict } from './verification/verdict.ts'
export type { Text } from './words.ts'
