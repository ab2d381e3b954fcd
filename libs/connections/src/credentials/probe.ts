import { Injectable } from '@nestjs/common'
import { credsOf, type Connector, type Health } from '@app/connector-kit'
import { Egress, EgressFailure, providerHttp } from '@app/egress'
import { modeOfConnection } from '../connection/connection.api.ts'
import type { Connection } from '../connection/connection.ts'

export type ProbeOutcome =
  { kind: 'ok'; account?: Health['account'] } | { kind: 'rejected' } | { kind: 'unreachable'; why: string }

export interface Probed {
  outcome: ProbeOutcome
  milliseconds: number
}

/** Asks a provider, by its cheapest read-only call, whether it takes these credentials. */
@Injectable()
export class Probe {
  constructor(private readonly egress: Egress) {}

  async ask(
    connector: Connector,
    connection: Pick<Connection, 'config' | 'environment'>,
    values: Record<string, string>,
  ): Promise<Probed> {
    const started = performance.now()
    const outcome = await this.#outcome(connector, connection, values)
    return { outcome, milliseconds: Math.round(performance.now() - started) }
  }

  async #outcome(
    connector: Connector,
    connection: Pick<Connection, 'config' | 'environment'>,
    values: Record<string, string>,
  ): Promise<ProbeOutcome> {
    const creds = credsOf(connector.credentials, values)
    const mode = modeOfConnection(connector, connection, { current: values })
    try {
      const health = await connector.health({
        http: providerHttp(this.egress, connector, creds, mode),
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
