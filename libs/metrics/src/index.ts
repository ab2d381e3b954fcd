/** How often and how fast, hour by hour, and what the process tells Prometheus and OpenTelemetry. */
export { MetricFlusher } from './counting/metric-flusher.ts'
/** `count()` and `observe()` cost nanoseconds and never fail. */
export { Metrics } from './counting/metrics.ts'
export type { Counter } from './counting/series.ts'
export { MetricsModule } from './metrics.module.ts'
/** Traces and metrics for a collector, where one is named. */
export { Telemetry } from './telemetry/telemetry.ts'
