/** Who is linked to what: accounts at providers, their credentials, and the addresses that providers deliver to. */
export { type Connection, type HealthState } from './connection/connection.ts'
export { Connections } from './connection/connections.ts'
export { placeOf as placeOfCredentials } from './credentials/credential-vault.ts'
/** What a connector needs to call its provider, for the rooms upstairs. */
export { ConnectorContexts, type LendableRow, type Lent } from './context/connector-contexts.ts'
/** A call at a provider that failed, as our callers are told of it. */
export { asProviderProblem } from './provider.problems.ts'
export { ConnectionsModule } from './connections.module.ts'
export { HealthChange } from './verification/health-change.ts'
export { type Known, Verification } from './verification/verification.ts'
export { type WebhookTarget, WebhookTargets } from './webhook-address/webhook-targets.ts'
