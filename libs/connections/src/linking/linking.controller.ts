import { Body, Controller, HttpCode, Param, Post, Put } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, UuidPath } from '@app/http'
import { Projects, ResidencyUnmet } from '@app/projects'
import type { z } from 'zod'
import { ConnectionView } from '../connection/connection-view.ts'
import {
  type NewConnection,
  newConnection,
  newCredentials,
  shownConnection,
} from '../connection/connection.api.ts'
import {
  AliasTaken,
  CredentialsRejected,
  NoConnector,
  NotNow,
  ProviderInactive,
  QuotaExceeded,
} from '../connections.problems.ts'
import { Rotation } from '../rotation/rotation.ts'
import { Verification } from '../verification/verification.ts'
import { Linking } from './linking.ts'

/** What asks the provider: linking an account, new credentials, a check. */
@ApiTags('connections')
@Controller('v1/projects/:p/connections')
export class LinkingController {
  constructor(
    private readonly linking: Linking,
    private readonly rotation: Rotation,
    private readonly verification: Verification,
    private readonly view: ConnectionView,
    private readonly projects: Projects,
  ) {}

  @Post()
  @Needs('connections:write')
  @ApiOperation({
    summary:
      'Connect a provider account; `credential_fields` of /v1/providers/{provider} says what it asks for.',
  })
  @Answers(
    201,
    shownConnection,
    ProviderInactive,
    NoConnector,
    CredentialsRejected,
    ResidencyUnmet,
    AliasTaken,
    QuotaExceeded,
  )
  async create(
    @Param('p', UuidPath) p: string,
    @Body({ schema: newConnection }) input: NewConnection,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.forKeeping(p)
    return this.view.of(await this.linking.link(caller, p, input))
  }

  @Put(':id/credentials')
  @Needs('connections:write')
  @ApiOperation({ summary: 'Rotate the credentials, or reconnect with new ones.' })
  @Answers(
    200,
    shownConnection,
    ProviderInactive,
    NoConnector,
    CredentialsRejected,
    ResidencyUnmet,
    AliasTaken,
  )
  async rotate(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: newCredentials }) input: z.infer<typeof newCredentials>,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.forKeeping(p)
    return this.view.of(await this.rotation.ofCredentials(caller, p, id, input))
  }

  @Post(':id/verify')
  @HttpCode(200)
  @Needs('connections:write')
  @ApiOperation({ summary: 'Check its health now.' })
  @Answers(200, shownConnection, NotNow)
  async verify(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.view.of(await this.verification.of(caller, p, id))
  }

  @Post(':id/webhook/rotate')
  @HttpCode(200)
  @Needs('connections:write')
  @ApiOperation({ summary: 'A new webhook address; the old one is honoured for 24 hours.' })
  @Answers(200, shownConnection, NotNow)
  async rotateAddress(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.view.of(await this.rotation.ofAddress(caller, p, id))
  }
}
