import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, type Page, pageOf, pageSchema, UuidPath } from '@app/http'
import { Projects } from '@app/projects'
import { NotNow } from '../destinations.problems.ts'
import { Making } from '../making/making.ts'
import {
  type ChangedDestination,
  changedDestination,
  type DestinationsQuery,
  destinationsQuery,
  presentDestination,
  shownDestination,
} from './destination.api.ts'
import { Destinations } from './destinations.ts'

@ApiTags('destinations')
@Controller('v1/projects/:p/destinations')
export class DestinationsController {
  constructor(
    private readonly destinations: Destinations,
    private readonly making: Making,
    private readonly projects: Projects,
  ) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Destinations, newest first.' })
  @Answers(200, pageSchema(shownDestination))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: destinationsQuery }) query: DestinationsQuery,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    const found = await this.destinations.list(caller, p, query)
    return pageOf(found, query, p, ({ id }) => id, presentDestination)
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One destination, and how it is.' })
  @Answers(200, shownDestination)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentDestination(await this.destinations.get(caller, p, id))
  }

  @Patch(':id')
  @Needs('write')
  @ApiOperation({ summary: 'Change address, filters, order; disable, or enable with what waits.' })
  @Answers(200, shownDestination, NotNow)
  async change(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: changedDestination }) input: ChangedDestination,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentDestination(await this.making.change(caller, p, id, input))
  }

  @Delete(':id')
  @HttpCode(204)
  @Needs('write')
  @ApiOperation({ summary: 'Delete: wipe its secrets, cancel what was not delivered, keep the history.' })
  async remove(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<void> {
    await this.making.remove(caller, p, id)
  }
}
