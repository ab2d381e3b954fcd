import { Controller, Get, Param, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, type Page, pageOf, pageSchema, UuidPath } from '@app/http'
import { Projects } from '@app/projects'
import { NotNow } from '../destinations.problems.ts'
import { Deliveries } from './deliveries.ts'
import {
  type DeliveriesQuery,
  deliveriesQuery,
  presentDelivery,
  presentWholeDelivery,
  shownDelivery,
  shownWholeDelivery,
} from './delivery.api.ts'

@ApiTags('destinations')
@Controller('v1/projects/:p/deliveries')
export class DeliveriesController {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly projects: Projects,
  ) {}

  @Get()
  @Needs('read')
  @ApiOperation({
    summary:
      'Events on their way to destinations, newest first; `event_id` is ours, or the delivery it came from.',
  })
  @Answers(200, pageSchema(shownDelivery))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: deliveriesQuery }) query: DeliveriesQuery,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    return pageOf(await this.deliveries.list(caller, p, query), query, p, ({ id }) => id, presentDelivery)
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One delivery, with each try and the redacted beginning of its answer.' })
  @Answers(200, shownWholeDelivery)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    const { delivery, tries } = await this.deliveries.get(caller, p, id)
    return presentWholeDelivery(delivery, tries)
  }

  @Post(':id/resend')
  @Needs('write')
  @ApiOperation({ summary: 'Send the same event there once more, whatever became of it: a new delivery.' })
  @Answers(201, shownDelivery, NotNow)
  async resend(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentDelivery(await this.deliveries.resend(caller, p, id))
  }
}
