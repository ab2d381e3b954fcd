/** Who is linked to what: accounts at providers, their credentials, and the addresses that providers deliver to. */
export { type Connection, type HealthState } from './connection/connection.ts'
export { Connections } from './connection/connections.ts'
export { placeOf as placeOfCredentials } from './credentials/credential-vault.ts'
/** What a connector is lent for one connection, by whoever has a question to its provider. */
export { ConnectorContexts, type Lendable, type Lent } from './lending/connector-contexts.ts'
/** A call at a provider that failed, as our callers are told of it. */
export { asProviderProblem, providerProblems } from './provider.problems.ts'
export { ConnectionsModule } from './connections.module.ts'
export { HealthChange } from './verification/health-change.ts'
export { type Known, Verification } from './verification/verification.ts'
export { WebhookAddresses } from './webhook-address/webhook-addresses.ts'
export { type WebhookTarget, WebhookTargets } from './webhook-address/webhook-targets.ts'
