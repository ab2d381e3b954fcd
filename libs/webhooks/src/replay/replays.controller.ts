import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import {
  Answers,
  CalledBy,
  type Caller,
  Needs,
  type Page,
  pageOf,
  type PageRequest,
  pageSchema,
  UuidPath,
} from '@app/http'
import { Idempotent } from '@app/idempotency'
import { Projects } from '@app/projects'
import { z } from 'zod'
import { BodyExpired, NotFinished, TooManyReplays } from '../webhooks.problems.ts'
import {
  type NewReplay,
  newReplay,
  oneReplay,
  presentReplay,
  replaysQuery,
  shownOneReplay,
  shownReplay,
} from './replay.api.ts'
import { Replays } from './replays.ts'

@ApiTags('webhooks')
@Controller('v1/projects/:p')
export class ReplaysController {
  constructor(
    private readonly replays: Replays,
    private readonly projects: Projects,
  ) {}

  @Post('events/:id/replay')
  @HttpCode(202)
  @Idempotent()
  @Needs('write')
  @ApiOperation({
    summary: 'Process one event again. Once its body is gone, only the normalised event is delivered again.',
  })
  @Answers(202, shownOneReplay, BodyExpired, NotFinished)
  async one(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: oneReplay }) { reason }: z.infer<typeof oneReplay>,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.replays.one(caller, p, id, reason)
  }

  @Post('events/replay')
  @HttpCode(202)
  @Idempotent()
  @Needs('write')
  @ApiOperation({
    summary: 'Process again what a filter names, oldest first, at most `per_second`. `dry_run` only counts.',
  })
  @Answers(202, shownReplay, TooManyReplays)
  async many(
    @Param('p', UuidPath) p: string,
    @Body({ schema: newReplay }) asked: NewReplay,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.get(p)
    if (asked.dry_run) {
      const { matched, atLeast } = await this.replays.count(caller, p, asked)
      return dryRun(caller, asked, matched, atLeast)
    }
    const { replay, atLeast } = await this.replays.start(caller, p, asked)
    return presentReplay(replay, atLeast)
  }

  @Get('replays')
  @Needs('read')
  @ApiOperation({ summary: 'Replays of this project, newest first.' })
  @Answers(200, pageSchema(shownReplay))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: replaysQuery }) page: PageRequest,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    return pageOf(
      await this.replays.list(caller, p, page),
      page,
      p,
      ({ id }) => id,
      (row) => presentReplay(row),
    )
  }

  @Get('replays/:id')
  @Needs('read')
  @ApiOperation({ summary: 'How far a replay has come.' })
  @Answers(200, shownReplay)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentReplay(await this.replays.get(caller, p, id))
  }

  @Post('replays/:id/cancel')
  @HttpCode(200)
  @Needs('write')
  @ApiOperation({ summary: 'End a replay where it is. What it has moved is processed.' })
  @Answers(200, shownReplay)
  async cancel(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentReplay(await this.replays.cancel(caller, p, id))
  }
}

function dryRun(
  caller: Caller,
  { filter, reason, per_second }: NewReplay,
  matched: number,
  atLeast: boolean,
): Record<string, unknown> {
  const now = new Date()
  return {
    id: null,
    dry_run: true,
    status: 'done',
    filter,
    reason: reason ?? null,
    requested_by: caller.id,
    per_second,
    matched,
    matched_at_least: atLeast,
    replayed: 0,
    created_at: now,
    finished_at: now,
  }
}
