import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Settings } from '@app/config'
import { providerProblems } from '@app/connections'
import { Answers, CalledBy, type Caller, Needs, Refuses, UuidPath } from '@app/http'
import { BeingMended, NoWebhookApi, NotAskable, SecretMissing, WebhooksHidden } from '../webhooks.problems.ts'
import { presentRegistration, shownRegistration } from './registration.api.ts'
import { Registrations } from './registrations.ts'

@ApiTags('connections')
@Controller('v1/projects/:p/connections/:id/webhook')
export class RegistrationController {
  constructor(
    private readonly registrations: Registrations,
    private readonly settings: Settings,
  ) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Whether the provider knows where to deliver, as it was last found.' })
  @Answers(200, shownRegistration)
  async show(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentRegistration(await this.registrations.show(caller, p, id), this.settings.publicUrl)
  }

  @Post('check')
  @HttpCode(200)
  @Needs('connections:write')
  @ApiOperation({ summary: 'Ask the provider now which webhooks lead here.' })
  @Answers(200, shownRegistration)
  @Refuses(...providerProblems)
  async check(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentRegistration(await this.registrations.check(caller, p, id), this.settings.publicUrl)
  }

  @Post('mend')
  @HttpCode(200)
  @Needs('connections:write')
  @ApiOperation({ summary: 'Put our address and secret there: one active webhook, its events as they are.' })
  @Answers(200, shownRegistration, NoWebhookApi, NotAskable, SecretMissing, WebhooksHidden, BeingMended)
  @Refuses(...providerProblems)
  async mend(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return presentRegistration(await this.registrations.mend(caller, p, id), this.settings.publicUrl)
  }
}
