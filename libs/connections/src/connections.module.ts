import { Module } from '@nestjs/common'
import { EgressModule } from '@app/egress'
import { ConnectionsController } from './connection/connections.controller.ts'
import { Connections } from './connection/connections.ts'
import { CredentialVault } from './credentials/credential-vault.ts'
import { Probe } from './credentials/probe.ts'
import { WebhookTargets } from './webhook-address/webhook-targets.ts'

@Module({
  imports: [EgressModule],
  controllers: [ConnectionsController],
  providers: [Connections, CredentialVault, Probe, WebhookTargets],
  exports: [Connections, CredentialVault, WebhookTargets],
})
export class ConnectionsModule {}
