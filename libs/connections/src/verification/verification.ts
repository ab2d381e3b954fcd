import { isDeepStrictEqual } from 'node:util'
import { Injectable } from '@nestjs/common'
import type { Caller } from '@app/http'
import { connectorOf } from '@app/providers'
import type { Connection, Environment } from '../connection/connection.ts'
import { Connections } from '../connection/connections.ts'
import { NotNow } from '../connections.problems.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { Probe } from '../credentials/probe.ts'
import { Findings } from './finding.ts'

/** Which connection the platform itself shall look after. */
export interface Known {
  id: string
  project_id: string
  environment: Environment
}

/** Checks the health of a connection now, and lets it be what it is. */
@Injectable()
export class Verification {
  constructor(
    private readonly connections: Connections,
    private readonly vault: CredentialVault,
    private readonly probe: Probe,
    private readonly findings: Findings,
  ) {}

  async of(caller: Caller, projectId: string, id: string, signal?: AbortSignal): Promise<Connection> {
    const before = await this.connections.get(caller, projectId, id)
    const stored = this.vault.open(before)
    const connector = connectorOf(before.provider)
    if (!stored || !connector || before.status === 'disconnected')
      throw NotNow({ values: { status: before.status } })
    const probed = await this.probe.ask(connector, before, stored.current, signal)
    // What was cut off by ourselves is no finding.
    if (signal?.aborted) return before
    return this.connections.note(caller, projectId, id, async (connection, unit) => {
      // New credentials since then: what was found is about the old ones.
      if (isDeepStrictEqual(connection.credentials, before.credentials))
        await this.findings.note(connection, probed, unit)
    })
  }

  /** The platform's own check: nobody called, so it is asked as the connection's own project and environment. */
  byItself({ id, project_id: projectId, environment }: Known, signal: AbortSignal): Promise<Connection> {
    return this.of({ ...PLATFORM, projectId, environment }, projectId, id, signal)
  }
}

const PLATFORM = { id: 'platform', isAdmin: false, scopes: [], address: '' }
