import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Egress, type FinishedCall } from '@app/egress'
import { connectorOf } from '@app/providers'
import { Counter, Histogram } from 'prom-client'
import { Metrics } from './metrics.ts'

const calls = new Counter({
  name: 'wasl_provider_calls_total',
  help: 'Outbound calls by provider and outcome',
  labelNames: ['provider', 'outcome'],
})
const seconds = new Histogram({
  name: 'wasl_provider_call_seconds',
  help: 'How long outbound calls took',
  labelNames: ['provider'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
})

/** Counts every finished outbound call, by connection for the project and by provider for the operator. */
@Injectable()
export class CallMetrics implements OnModuleInit, OnApplicationShutdown {
  #stopListening: () => void = () => undefined

  constructor(
    private readonly egress: Egress,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.#stopListening = this.egress.onCall((call) => {
      this.hear(call)
    })
  }

  onApplicationShutdown(): void {
    this.#stopListening()
  }

  hear(call: FinishedCall): void {
    const { provider, connection } = call.about
    const label = providerLabel(provider)
    calls.inc({ provider: label, outcome: outcomeOf(call) })
    seconds.observe({ provider: label }, call.ms / 1_000)
    if (provider === undefined) return
    const succeeded = call.outcome === 'answered' && (call.status ?? 0) < 400
    this.metrics.count('api_calls_total', provider, connection)
    this.metrics.count(succeeded ? 'api_calls_success' : 'api_calls_failed', provider, connection)
    if (isRateLimited(call)) this.metrics.count('rate_limit_hits', provider, connection)
    // A call that never left took no time of the provider's.
    if (call.status !== undefined || call.effect === 'unknown')
      this.metrics.observe(call.ms, provider, connection)
  }
}

/** Only names of connectors in this build: a label never takes a value from outside. */
export function providerLabel(provider: string | undefined): string {
  return provider !== undefined && connectorOf(provider) ? provider : 'other'
}

/** `2xx` … `5xx`, or the code of the failure: a closed list. */
function outcomeOf({ outcome, status }: FinishedCall): string {
  if (outcome !== 'answered') return outcome
  return status !== undefined && status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'answered'
}

function isRateLimited({ status, outcome }: FinishedCall): boolean {
  return status === 429 || String(outcome) === 'rate_limited'
}
