import { Injectable } from '@nestjs/common'
import type { Caller } from '@app/http'
import { connectorOf } from '@app/providers'
import type { Connection } from '../connection/connection.ts'
import { Connections } from '../connection/connections.ts'
import { NotNow } from '../connections.problems.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { Probe } from '../credentials/probe.ts'
import { noteHealth } from './health.ts'

/** Checks the health of a connection now, and lets it be what it is. */
@Injectable()
export class Verification {
  constructor(
    private readonly connections: Connections,
    private readonly vault: CredentialVault,
    private readonly probe: Probe,
  ) {}

  async of(caller: Caller, projectId: string, id: string): Promise<Connection> {
    const before = await this.connections.get(caller, projectId, id)
    const stored = this.vault.open(before)
    const connector = connectorOf(before.provider)
    if (!stored || !connector || before.status === 'disconnected')
      throw NotNow({ values: { status: before.status } })
    const probed = await this.probe.ask(connector, before, stored.current)
    return this.connections.move(caller, projectId, id, null, async (connection, unit) => {
      await noteHealth(connection, probed, unit)
      connection.judge(probed.outcome.kind, new Date())
    })
  }
}
