import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Module } from '@nestjs/common'
import { EgressModule } from '@app/egress'
import { ConnectionChanges } from './connection/connection-changes.ts'
import { ConnectionNews } from './connection/connection-news.ts'
import { ConnectionView } from './connection/connection-view.ts'
import { connectionSchema } from './connection/connection.schema.ts'
import { ConnectionsController } from './connection/connections.controller.ts'
import { Connections } from './connection/connections.ts'
import { Admission } from './credentials/admission.ts'
import { CredentialVault } from './credentials/credential-vault.ts'
import { Probe } from './credentials/probe.ts'
import { ConnectorContexts } from './lending/connector-contexts.ts'
import { LinkingController } from './linking/linking.controller.ts'
import { Linking } from './linking/linking.ts'
import { ExpiredStates } from './oauth-states/expired-states.ts'
import { ProxyController } from './proxy/proxy.controller.ts'
import { Proxy } from './proxy/proxy.ts'
import { ProxyTargets } from './proxy/proxy-targets.ts'
import { Rotation } from './rotation/rotation.ts'
import { healthChangeSchema } from './verification/health-change.schema.ts'
import { Findings } from './verification/finding.ts'
import { Verification } from './verification/verification.ts'
import { WebhookAddresses } from './webhook-address/webhook-addresses.ts'
import { WebhookTargets } from './webhook-address/webhook-targets.ts'

@Module({
  imports: [EgressModule, MikroOrmModule.forFeature([connectionSchema, healthChangeSchema])],
  controllers: [ConnectionsController, LinkingController, ProxyController],
  providers: [
    Connections,
    ConnectionChanges,
    ConnectionNews,
    Findings,
    ConnectorContexts,
    ConnectionView,
    Linking,
    Rotation,
    Verification,
    Admission,
    CredentialVault,
    Probe,
    ConnectorContexts,
    WebhookAddresses,
    WebhookTargets,
    ExpiredStates,
    Proxy,
    ProxyTargets,
  ],
  exports: [Connections, ConnectorContexts, CredentialVault, Verification, WebhookAddresses, WebhookTargets],
})
export class ConnectionsModule {}
