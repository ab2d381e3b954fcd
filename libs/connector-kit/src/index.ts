/** What a provider is written with. No network, no clock, no database: the platform lends them. */
export * from './connector.ts'
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
export {
  type AmountRule,
  decimalOf,
  exponentOf,
  minorUnitsOf,
  type Money,
  NotRepresentable,
} from './money.ts'
export { type Hmac, overFields, type Scheme, signHmac, verify } from './verification/schemes.ts'
export { accepted, type Refusal, refused, type Verdict } from './verification/verdict.ts'
export type { Text } from './words.ts'
