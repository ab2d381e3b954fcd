import type { HrTime } from '@opentelemetry/api'
import type { DataPoint, MetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import type * as Sdk from '@opentelemetry/sdk-metrics'
import { type MetricObjectWithValues, type MetricValue, register } from 'prom-client'

type Values = Pick<typeof Sdk, 'AggregationTemporality' | 'DataPointType'>
type Measured = MetricObjectWithValues<MetricValue<string>>
/** A value of a histogram says which of its series it belongs to. */
type OfHistogram = MetricValue<string> & { metricName?: string }

/** What `/metrics` shows, under the same names and labels, for a collector. */
export class OtlpMetrics implements MetricProducer {
  readonly #since: HrTime = hrTime(Date.now())

  constructor(private readonly values: Values) {}

  async collect(): ReturnType<MetricProducer['collect']> {
    const until = hrTime(Date.now())
    const measured: Measured[] = await register.getMetricsAsJSON()
    const metrics = measured.flatMap((metric) => this.#dataOf(metric, until))
    const scope = { name: 'wasl' }
    // The SDK puts its own resource in the place of this one.
    const resourceMetrics = { scopeMetrics: [{ scope, metrics }] } as unknown as Sdk.ResourceMetrics
    return { resourceMetrics, errors: [] }
  }

  #dataOf(metric: Measured, endTime: HrTime): MetricData[] {
    const { AggregationTemporality, DataPointType } = this.values
    const common = {
      descriptor: { name: metric.name, description: metric.help, unit: '', valueType: 1 },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    }
    const point = <T>(attributes: MetricValue<string>['labels'], value: T): DataPoint<T> => ({
      startTime: this.#since,
      endTime,
      attributes: attributes,
      value,
    })
    // In prom-client the type is a word, whatever its declaration says.
    switch (String(metric.type)) {
      case 'counter':
        return [
          {
            ...common,
            dataPointType: DataPointType.SUM,
            isMonotonic: true,
            dataPoints: metric.values.map(({ labels, value }) => point(labels, value)),
          },
        ]
      case 'gauge':
        return [
          {
            ...common,
            dataPointType: DataPointType.GAUGE,
            dataPoints: metric.values.map(({ labels, value }) => point(labels, value)),
          },
        ]
      case 'histogram':
        return [
          {
            ...common,
            dataPointType: DataPointType.HISTOGRAM,
            dataPoints: histogramsOf(metric).map(({ labels, ...value }) => point(labels, value)),
          },
        ]
      default:
        return []
    }
  }
}

interface Histogram {
  labels: MetricValue<string>['labels']
  buckets: { boundaries: number[]; counts: number[] }
  sum: number
  count: number
}

/** Prometheus counts what lies below each bound, OpenTelemetry what lies between two. */
function histogramsOf({ values }: Measured): Histogram[] {
  const all = new Map<string, Histogram & { below: number }>()
  for (const { labels, value, metricName = '' } of values as OfHistogram[]) {
    const { le, ...rest } = labels as Record<string, string | number>
    const key = JSON.stringify(rest)
    const one = all.get(key) ?? {
      labels: rest,
      buckets: { boundaries: [], counts: [] },
      sum: 0,
      count: 0,
      below: 0,
    }
    all.set(key, one)
    if (metricName.endsWith('_sum')) one.sum = value
    else if (metricName.endsWith('_count')) one.count = value
    else if (le !== undefined) {
      one.buckets.counts.push(value - one.below)
      one.below = value
      if (le !== '+Inf') one.buckets.boundaries.push(Number(le))
    }
  }
  return [...all.values()].map(({ below: _, ...histogram }) => histogram)
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000]
}
