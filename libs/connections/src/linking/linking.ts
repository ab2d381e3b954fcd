import { Injectable } from '@nestjs/common'
import { type Caller, newId } from '@app/http'
import { refuseForeignEnvironment } from '@app/projects'
import type { NewConnection } from '../connection/connection.api.ts'
import { Connection } from '../connection/connection.ts'
import { Connections } from '../connection/connections.ts'
import { Admission } from '../credentials/admission.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { Findings } from '../verification/finding.ts'
import { WebhookAddresses } from '../webhook-address/webhook-addresses.ts'

/** An account at a provider becomes a connection: check everything, seal, store, give it an address. */
@Injectable()
export class Linking {
  constructor(
    private readonly connections: Connections,
    private readonly admission: Admission,
    private readonly vault: CredentialVault,
    private readonly addresses: WebhookAddresses,
    private readonly findings: Findings,
  ) {}

  async link(caller: Caller, projectId: string, input: NewConnection): Promise<Connection> {
    refuseForeignEnvironment(caller, input.environment)
    const { provider, environment, alias, config = {}, metadata } = input
    const place = { provider, environment, config, project_id: projectId }
    const { connector, values, probed } = await this.admission.of(place, input)
    const connection = new Connection({
      id: newId(),
      project_id: projectId,
      provider,
      environment,
      auth_method: connector.manifest.authMethod,
      alias,
      config,
      metadata,
    })
    connection.begin(this.vault.seal(connection, values), probed?.outcome.kind ?? null, new Date())
    return this.connections.add(caller, connection, async (unit) => {
      if (connector.webhooks) await this.addresses.give(connection, unit)
      if (probed) await this.findings.note(connection, probed, unit)
    })
  }
}
