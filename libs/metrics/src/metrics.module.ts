import { Global, Module, type OnModuleInit } from '@nestjs/common'
import { EgressModule } from '@app/egress'
import { Tasks } from '@app/jobs'
import { collectDefaultMetrics, register } from 'prom-client'
import { CallMetrics } from './counting/call-metrics.ts'
import { MetricFlusher } from './counting/metric-flusher.ts'
import { Metrics } from './counting/metrics.ts'
import { MetricRetention } from './retention/metric-retention.ts'
import { HourlyMetrics } from './series/hourly-metrics.ts'
import { MetricsController } from './series/metrics.controller.ts'
import { Telemetry } from './telemetry/telemetry.ts'

const HOUR_S = 3_600

@Global()
@Module({
  imports: [EgressModule],
  controllers: [MetricsController],
  providers: [Metrics, MetricFlusher, CallMetrics, HourlyMetrics, MetricRetention, Telemetry],
  exports: [Metrics, MetricFlusher, Telemetry],
})
export class MetricsModule implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly retention: MetricRetention,
  ) {}

  onModuleInit(): void {
    // The registry is the process's, and a process may hold this module more than once.
    if (!register.getSingleMetric('process_start_time_seconds')) collectDefaultMetrics()
    this.tasks.add({
      name: 'retention',
      everySeconds: HOUR_S,
      part: 'metrics',
      run: async ({ signal }) => ({ removed: await this.retention.removeOld(signal) }),
    })
  }
}
