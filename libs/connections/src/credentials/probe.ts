import { Injectable } from '@nestjs/common'
import { credsOf, ctxOf, type Connector, type Health, type Http } from '@app/connector-kit'
import { type CallAbout, Egress, EgressFailure, providerHttp } from '@app/egress'
import { modeOfConnection } from '../connection/connection.api.ts'
import type { Connection } from '../connection/connection.ts'

export type ProbeOutcome =
  { kind: 'ok'; account?: Health['account'] } | { kind: 'rejected' } | { kind: 'unreachable'; why: string }

export interface Probed {
  outcome: ProbeOutcome
  milliseconds: number
}

/** Which account is asked: one that has an id yet, or one that shall begin. */
export type Probable = Pick<Connection, 'config' | 'environment' | 'project_id'> &
  Partial<Pick<Connection, 'id'>>

/** What our own question is called where calls are counted: not the connection's traffic. */
export const PROBE_OPERATION = 'health'

/** Asks a provider, by its cheapest read-only call, whether it takes these credentials. */
@Injectable()
export class Probe {
  constructor(private readonly egress: Egress) {}

  async ask(
    connector: Connector,
    connection: Probable,
    values: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Probed> {
    const started = performance.now()
    const outcome = await this.#outcome(connector, connection, values, signal)
    return { outcome, milliseconds: Math.round(performance.now() - started) }
  }

  async #outcome(
    connector: Connector,
    connection: Probable,
    values: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<ProbeOutcome> {
    const creds = credsOf(connector.credentials, values)
    const mode = modeOfConnection(connector, connection, { current: values })
    const about = aboutOf(connector, connection)
    const http = noticing(
      providerHttp(this.egress, connector, creds, mode, {
        about,
        probe: true,
        ...regionOf(connection),
        ...(signal && { signal }),
      }),
    )
    try {
      const { config, environment } = connection
      const health = await connector.health(
        ctxOf(connector, { http, creds, config, environment, mode, ...regionOf(connection) }),
      )
      if (health.ok) return { kind: 'ok', ...(health.account && { account: health.account }) }
      if (health.detail === 'credentials_rejected') return { kind: 'rejected' }
      return { kind: 'unreachable', why: http.lastStatus === 429 ? 'rate_limited' : 'provider_error' }
    } catch (error) {
      if (error instanceof EgressFailure) return { kind: 'unreachable', why: error.code }
      throw error
    }
  }
}

function regionOf({ config }: Probable): { region?: string } {
  return typeof config.region === 'string' ? { region: config.region } : {}
}

function aboutOf({ manifest }: Connector, { id, project_id, environment }: Probable): CallAbout {
  return {
    provider: manifest.id,
    operation: PROBE_OPERATION,
    projectId: project_id,
    environment,
    ...(id !== undefined && { connection: id }),
  }
}

/** Remembers the last status: a provider that asks for patience is not ill. */
function noticing(http: Http): Http & { lastStatus?: number } {
  const noticed: Http & { lastStatus?: number } = {
    async request(call) {
      const reply = await http.request(call)
      noticed.lastStatus = reply.status
      return reply
    },
  }
  return noticed
}
