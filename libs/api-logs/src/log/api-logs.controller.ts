import { Controller, Get, Param, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, type Page, pageOf, pageSchema, UuidPath } from '@app/http'
import {
  type ApiLogsQuery,
  apiLogsQuery,
  presentCall,
  presentWholeCall,
  shownCall,
  shownWholeCall,
} from './api-log.api.ts'
import { ApiLogs } from './api-logs.ts'

@ApiTags('api-logs')
@Needs('read')
@Controller('v1/projects/:p/api-logs')
export class ApiLogsController {
  constructor(private readonly logs: ApiLogs) {}

  @Get()
  @ApiOperation({ summary: 'Outbound calls, newest first, redacted.' })
  @Answers(200, pageSchema(shownCall))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: apiLogsQuery }) query: ApiLogsQuery,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    return pageOf(await this.logs.list(caller, p, query), query, p, ({ id }) => id, presentCall)
  }

  @Get(':id')
  @ApiOperation({ summary: 'One outbound call, with headers; with bodies where it failed or was sampled.' })
  @Answers(200, shownWholeCall)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentWholeCall(await this.logs.get(caller, p, id))
  }
}
