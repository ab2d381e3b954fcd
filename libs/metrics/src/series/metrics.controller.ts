import { Controller, Get, Param, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, UuidPath } from '@app/http'
import { HourlyMetrics, total } from './hourly-metrics.ts'
import { type MetricsQuery, metricsQuery, presentSums, shownSeries } from './metrics.api.ts'
import { spanOf } from './span-of-time.ts'

@ApiTags('metrics')
@Needs('read')
@Controller('v1/projects/:p/metrics')
export class MetricsController {
  constructor(private readonly metrics: HourlyMetrics) {}

  @Get()
  @ApiOperation({
    summary:
      'Counts, error rate and response times of a project’s connections by hour or day (UTC), oldest first.',
  })
  @Answers(200, shownSeries)
  async series(
    @Param('p', UuidPath) p: string,
    @Query({ schema: metricsQuery }) query: MetricsQuery,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    const span = spanOf(query)
    const series = await this.metrics.series(caller, p, span, query)
    return {
      interval: span.interval,
      from: span.from,
      to: span.to,
      data: series.map(({ at, sums }) => ({ at, ...presentSums(sums) })),
      totals: presentSums(total(series.map(({ sums }) => sums))),
      next_cursor: null,
    }
  }
}
