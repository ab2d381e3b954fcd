import { Injectable } from '@nestjs/common'
import type { Connector, Health, Http } from '@app/connector-kit'
import { Egress, EgressFailure } from '@app/egress'
import { type Callable, contextOf } from '../lending/context-of.ts'

export type ProbeOutcome =
  { kind: 'ok'; account?: Health['account'] } | { kind: 'rejected' } | { kind: 'unreachable'; why: string }

export interface Probed {
  outcome: ProbeOutcome
  milliseconds: number
}

/** What our own question is called where calls are counted: not the connection's traffic. */
export const PROBE_OPERATION = 'health'

/** Asks a provider, by its cheapest read-only call, whether it takes these credentials. */
@Injectable()
export class Probe {
  constructor(private readonly egress: Egress) {}

  async ask(
    connector: Connector,
    connection: Callable,
    values: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Probed> {
    const started = performance.now()
    const outcome = await this.#outcome(connector, connection, values, signal)
    return { outcome, milliseconds: Math.round(performance.now() - started) }
  }

  async #outcome(
    connector: Connector,
    connection: Callable,
    values: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<ProbeOutcome> {
    const options = { operation: PROBE_OPERATION, probe: true, ...(signal && { signal }) }
    const ctx = contextOf(this.egress, connector, connection, { current: values }, options)
    const http = noticing(ctx.http)
    try {
      const health = await connector.health({ ...ctx, http })
      if (health.ok) return { kind: 'ok', ...(health.account && { account: health.account }) }
      if (health.detail === 'credentials_rejected') return { kind: 'rejected' }
      return { kind: 'unreachable', why: http.lastStatus === 429 ? 'rate_limited' : 'provider_error' }
    } catch (error) {
      if (error instanceof EgressFailure) return { kind: 'unreachable', why: error.code }
      throw error
    }
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
