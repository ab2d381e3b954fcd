import { Injectable } from '@nestjs/common'
import { credsOf, type Connector, type Health } from '@app/connector-kit'
import { type CallAbout, Egress, EgressFailure, providerHttp } from '@app/egress'
import { modeOfConnection } from '../connection/connection.api.ts'
import type { Connection } from '../connection/connection.ts'

export type ProbeOutcome =
  { kind: 'ok'; account?: Health['account'] } | { kind: 'rejected' } | { kind: 'unreachable'; why: string }

export interface Probed {
  outcome: ProbeOutcome
  milliseconds: number
}

/** What of a connection its probe needs; one that is not made yet has no id. */
export type Probable = Pick<Connection, 'config' | 'environment' | 'project_id'> &
  Partial<Pick<Connection, 'id'>>

/** Asks a provider, by its cheapest read-only call, whether it takes these credentials. */
@Injectable()
export class Probe {
  constructor(private readonly egress: Egress) {}

  async ask(connector: Connector, connection: Probable, values: Record<string, string>): Promise<Probed> {
    const started = performance.now()
    const outcome = await this.#outcome(connector, connection, values)
    return { outcome, milliseconds: Math.round(performance.now() - started) }
  }

  async #outcome(
    connector: Connector,
    connection: Probable,
    values: Record<string, string>,
  ): Promise<ProbeOutcome> {
    const creds = credsOf(connector.credentials, values)
    const mode = modeOfConnection(connector, connection, { current: values })
    try {
      const health = await connector.health({
        http: providerHttp(this.egress, connector, creds, mode, { about: aboutOf(connector, connection) }),
        creds,
        config: connection.config,
        environment: connection.environment,
        mode,
        now: () => new Date(),
      })
      if (health.ok) return { kind: 'ok', ...(health.account && { account: health.account }) }
      return health.detail === 'credentials_rejected'
        ? { kind: 'rejected' }
        : { kind: 'unreachable', why: 'provider_error' }
    } catch (error) {
      if (error instanceof EgressFailure) return { kind: 'unreachable', why: error.code }
      throw error
    }
  }
}

function aboutOf({ manifest }: Connector, { id, project_id, environment }: Probable): CallAbout {
  return {
    provider: manifest.id,
    operation: 'health',
    projectId: project_id,
    environment,
    ...(id !== undefined && { connection: id }),
  }
}
