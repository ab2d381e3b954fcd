import type { IncomingMessage, ServerResponse } from 'node:http'
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import { Settings } from '@app/config'
import { Egress } from '@app/egress'
import { errorFields } from '@app/secrets'
import type { FastifyInstance } from 'fastify'
import { OtlpMetrics } from './otlp-metrics.ts'
import { Tracing } from './tracing.ts'

const EXPORT_WITHIN_MS = 5_000
const STOP_WITHIN_MS = 3_000

/**
 * OpenTelemetry by its official SDK, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Where it is not, nothing of it is even
 * loaded. A collector that is away or slow is nobody's concern but its own: spans wait in a bounded queue and are dropped.
 */
@Injectable()
export class Telemetry implements OnApplicationShutdown {
  private readonly logger = new Logger('telemetry')
  #tracing: Tracing | null = null
  #end: () => Promise<void> = () => Promise.resolve()

  constructor(
    private readonly settings: Settings,
    private readonly egress: Egress,
  ) {}

  /** Before the first route is made. */
  async start(fastify: FastifyInstance): Promise<void> {
    const endpoint = this.settings.get('OTEL_EXPORTER_OTLP_ENDPOINT')
    if (!endpoint) return
    const [api, { NodeSDK }, traces, metrics, sdkMetrics] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
      import('@opentelemetry/sdk-metrics'),
    ])
    const at = (signal: string) => ({
      url: `${endpoint.href.replace(/\/$/, '')}/v1/${signal}`,
      timeoutMillis: EXPORT_WITHIN_MS,
    })
    const sdk = new NodeSDK({
      serviceName: 'wasl',
      // Detectors would tell a collector the command line and the user of this process.
      autoDetectResources: false,
      // Trace ids of ours go to no provider, and callers do not choose what is traced.
      textMapPropagator: null,
      traceExporter: new traces.OTLPTraceExporter(at('traces')),
      metricReaders: [
        new sdkMetrics.PeriodicExportingMetricReader({
          exporter: new metrics.OTLPMetricExporter(at('metrics')),
          exportTimeoutMillis: EXPORT_WITHIN_MS,
          metricProducers: [new OtlpMetrics(sdkMetrics)],
        }),
      ],
      logRecordProcessors: [],
      instrumentations: [],
    })
    sdk.start()
    const tracing = (this.#tracing = new Tracing(api))
    tracing.requestsOf(fastify)
    const stopListening = this.egress.onCall((call) => {
      tracing.call(call)
    })
    this.#end = async () => {
      stopListening()
      await sdk.shutdown()
      for (const part of [api.trace, api.metrics, api.context]) part.disable()
    }
  }

  delivery(request: IncomingMessage, response: ServerResponse, answer: () => Promise<void>): void {
    if (this.#tracing) this.#tracing.delivery(request, response, answer)
    else void answer()
  }

  /** What waits is sent, for a moment. */
  async onApplicationShutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_WITHIN_MS)
    })
    const ended = this.#end().catch((error: unknown) => {
      this.logger.warn({
        msg: 'the collector did not take the last spans and metrics',
        ...errorFields(error),
      })
    })
    await Promise.race([ended, late])
    clearTimeout(timer)
  }
}
