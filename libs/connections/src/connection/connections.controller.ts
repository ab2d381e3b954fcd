import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Settings } from '@app/config'
import { CalledBy, type Caller, Needs, type Page, pageOf, UuidPath } from '@app/http'
import { Projects } from '@app/projects'
import type { z } from 'zod'
import { CredentialVault } from '../credentials/credential-vault.ts'
import {
  type ChangedConnection,
  changedConnection,
  type ConnectionsQuery,
  connectionsQuery,
  type NewConnection,
  newConnection,
  newCredentials,
  presentConnection,
} from './connection.api.ts'
import type { ConnectionRow } from './connection.ts'
import { Connections } from './connections.ts'

@ApiTags('connections')
@Controller('v1/projects/:p/connections')
export class ConnectionsController {
  constructor(
    private readonly connections: Connections,
    private readonly vault: CredentialVault,
    private readonly settings: Settings,
    private readonly projects: Projects,
  ) {}

  @Post()
  @Needs('connections:write')
  @ApiOperation({
    summary:
      'Connect a provider account; `credential_fields` of /v1/providers/{provider} says what it asks for.',
  })
  async create(
    @Param('p', UuidPath) p: string,
    @Body({ schema: newConnection }) input: NewConnection,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    await this.projects.get(p)
    return this.#present(await this.connections.create(caller, p, input))
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Connections, newest first.' })
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: connectionsQuery }) query: ConnectionsQuery,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    return pageOf(
      await this.connections.list(caller, p, query),
      query,
      ({ id }) => id,
      (row) => this.#present(row),
    )
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One connection, with hints of its credentials.' })
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.#present(await this.connections.get(caller, p, id))
  }

  @Patch(':id')
  @Needs('connections:write')
  @ApiOperation({ summary: 'Change alias, config, metadata; suspend or resume.' })
  async change(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: changedConnection }) input: ChangedConnection,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.#present(await this.connections.change(caller, p, id, input))
  }

  @Delete(':id')
  @HttpCode(204)
  @Needs('connections:write')
  @ApiOperation({ summary: 'Disconnect: wipe the credentials, keep the history.' })
  async disconnect(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<void> {
    await this.connections.disconnect(caller, p, id)
  }

  @Put(':id/credentials')
  @Needs('connections:write')
  @ApiOperation({ summary: 'Rotate the credentials, or reconnect with new ones.' })
  async rotate(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: newCredentials }) input: z.infer<typeof newCredentials>,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.#present(await this.connections.rotate(caller, p, id, input))
  }

  @Post(':id/verify')
  @HttpCode(200)
  @Needs('connections:write')
  @ApiOperation({ summary: 'Check its health now.' })
  async verify(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.#present(await this.connections.verify(caller, p, id))
  }

  @Post(':id/webhook/rotate')
  @HttpCode(200)
  @Needs('connections:write')
  @ApiOperation({ summary: 'A new webhook address; the old one is honoured for 24 hours.' })
  async rotateAddress(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.#present(await this.connections.rotateAddress(caller, p, id))
  }

  #present(row: ConnectionRow): Record<string, unknown> {
    return presentConnection(row, this.vault.open(row), this.settings.publicUrl)
  }
}
