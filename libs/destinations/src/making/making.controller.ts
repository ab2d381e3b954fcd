import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, UuidPath } from '@app/http'
import { Projects, ResidencyUnmet } from '@app/projects'
import type { z } from 'zod'
import {
  type NewDestination,
  newDestination,
  presentDestination,
  shownTest,
  shownWithSecret,
  wishedTest,
} from '../destination/destination.api.ts'
import { NotNow, QuotaExceeded } from '../destinations.problems.ts'
import { Making, type WithSecret } from './making.ts'
import { Trial, type Tried } from './trial.ts'

/** What shows a secret or calls the address: making one, a new secret, a test. */
@ApiTags('destinations')
@Controller('v1/projects/:p/destinations')
export class MakingController {
  constructor(
    private readonly making: Making,
    private readonly trial: Trial,
    private readonly projects: Projects,
  ) {}

  @Post()
  @Needs('write')
  @ApiOperation({
    summary:
      'Have events sent to an address, signed (Standard Webhooks). The secret is shown once, in this answer.',
  })
  @Answers(201, shownWithSecret, ResidencyUnmet, QuotaExceeded)
  async create(
    @Param('p', UuidPath) p: string,
    @Body({ schema: newDestination }) input: NewDestination,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.forKeeping(p)
    return presentWithSecret(await this.making.create(caller, p, input))
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Needs('write')
  @ApiOperation({
    summary: 'A new signing secret, shown once; for 24 hours events bear a signature of the old one too.',
  })
  @Answers(200, shownWithSecret, NotNow)
  async rotate(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentWithSecret(await this.making.rotate(caller, p, id))
  }

  @Post(':id/test')
  @HttpCode(200)
  @Needs('write')
  @ApiOperation({
    summary: 'Send an example now (`data.test` is true), and see what comes back. Never retried.',
  })
  @Answers(200, shownTest, NotNow)
  async test(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: wishedTest }) { type }: z.infer<typeof wishedTest>,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentTest(await this.trial.of(caller, p, id, type))
  }
}

function presentWithSecret({ destination, secret }: WithSecret): Record<string, unknown> {
  return { ...presentDestination(destination), secret }
}

function presentTest({ event, outcome, ms }: Tried): Record<string, unknown> {
  const { delivered, code, status = null, excerpt = null } = outcome
  return { event_id: event.id, type: event.type, delivered, code, status, ms, excerpt }
}
