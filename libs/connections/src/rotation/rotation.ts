import { Injectable } from '@nestjs/common'
import type { Caller } from '@app/http'
import { connectorOf } from '@app/providers'
import type { Connection } from '../connection/connection.ts'
import { Connections } from '../connection/connections.ts'
import { NotNow } from '../connections.problems.ts'
import { Admission } from '../credentials/admission.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { Findings } from '../verification/finding.ts'
import { WebhookAddresses } from '../webhook-address/webhook-addresses.ts'

/** New credentials or a new address for a connection; the old webhook secret and address are honoured for a day. */
@Injectable()
export class Rotation {
  constructor(
    private readonly connections: Connections,
    private readonly admission: Admission,
    private readonly vault: CredentialVault,
    private readonly addresses: WebhookAddresses,
    private readonly findings: Findings,
  ) {}

  /** A failed, expired or disconnected connection is taken up again with its id and history. */
  async ofCredentials(
    caller: Caller,
    projectId: string,
    id: string,
    input: { credentials: Record<string, unknown>; verify: boolean },
  ): Promise<Connection> {
    // The provider is asked before the row is locked: nobody waits behind its answer.
    const before = await this.connections.get(caller, projectId, id)
    const { connector, values, probed } = await this.admission.of(before, input)
    const named = {
      action: 'connection.credentials_rotated',
      details: { fields: Object.keys(values) },
    }
    return this.connections.move(caller, projectId, id, named, async (connection, unit) => {
      const { webhook_url: address } = connection
      const disconnected = connection.status === 'disconnected'
      const replaced = disconnected ? null : this.vault.open(connection)
      const envelope = this.vault.seal(connection, values, replaced)
      connection.takeUp(envelope, probed?.outcome.kind ?? null, new Date())
      if (connector.webhooks && (address === null || disconnected))
        await this.addresses.give(connection, unit)
      if (probed) await this.findings.note(connection, probed, unit)
    })
  }

  async ofAddress(caller: Caller, projectId: string, id: string): Promise<Connection> {
    const named = { action: 'connection.webhook_rotated' }
    return this.connections.move(caller, projectId, id, named, async (connection, unit) => {
      if (connection.status === 'disconnected' || !connectorOf(connection.provider)?.webhooks)
        throw NotNow({ values: { status: connection.status } })
      await this.addresses.give(connection, unit)
    })
  }
}
