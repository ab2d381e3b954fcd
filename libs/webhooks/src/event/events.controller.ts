import { Controller, Get, Header, Param, Query, StreamableFile } from '@nestjs/common'
import { ApiOperation, ApiProduces, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger'
import {
  Answers,
  CalledBy,
  type Caller,
  Needs,
  type Page,
  pageOf,
  pageSchema,
  Refuses,
  UuidPath,
} from '@app/http'
import { Projects } from '@app/projects'
import { BodyAccess, isReason, shownRead } from '../body-access/body-access.ts'
import { shownWholeEvent } from '../timeline/timeline.api.ts'
import { WholeEvents } from '../timeline/whole-event.ts'
import { BodyExpired, BodyIntegrity, ReasonMissing } from '../webhooks.problems.ts'
import { type EventsQuery, eventsQuery, presentEvent, shownEvent, WebhookEvents } from './webhook-events.ts'

@ApiTags('webhooks')
@Controller('v1/projects/:p/events')
export class EventsController {
  constructor(
    private readonly events: WebhookEvents,
    private readonly whole: WholeEvents,
    private readonly access: BodyAccess,
    private readonly projects: Projects,
  ) {}

  @Get()
  @Needs('read')
  @ApiOperation({
    summary:
      'Events, newest first. `type` is the provider’s word or one of ours; `q` is exactly an event’s id, the provider’s id of it, or the provider’s or our id of what it speaks of.',
  })
  @Answers(200, pageSchema(shownEvent))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: eventsQuery }) query: EventsQuery,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    return pageOf(await this.events.list(caller, p, query), query, p, ({ id }) => id, presentEvent)
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One event: its attempts, what was made of it, and its timeline.' })
  @Answers(200, shownWholeEvent)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.whole.get(caller, p, id)
  }

  @Get(':id/body')
  @Needs('bodies:read')
  @Header('content-disposition', 'attachment; filename="body"')
  @ApiOperation({
    summary: 'The raw bytes as received. Asks for a `reason`; every read is logged before a byte is sent.',
  })
  @ApiQuery({ name: 'reason', required: true, schema: { type: 'string', maxLength: 500 } })
  @ApiProduces('application/octet-stream')
  @ApiResponse({ status: 200, schema: { type: 'string', format: 'binary' } })
  @Refuses(BodyExpired, BodyIntegrity)
  async body(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Query('reason') reason: unknown,
    @CalledBy() caller: Caller,
  ): Promise<StreamableFile> {
    if (!isReason(reason)) throw ReasonMissing()
    const bytes = await this.access.read(caller, p, id, reason.trim())
    return new StreamableFile(bytes, { type: 'application/octet-stream', length: bytes.length })
  }

  @Get(':id/access-log')
  @Needs('read')
  @ApiOperation({ summary: 'Who read the body, when and why.' })
  @Answers(200, pageSchema(shownRead))
  async log(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return { data: await this.access.log(caller, p, id), next_cursor: null }
  }
}
