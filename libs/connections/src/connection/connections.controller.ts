import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Answers, CalledBy, type Caller, Needs, type Page, pageOf, pageSchema, UuidPath } from '@app/http'
import { Projects } from '@app/projects'
import { AliasTaken, NotNow } from '../connections.problems.ts'
import { ConnectionView } from './connection-view.ts'
import {
  type ChangedConnection,
  changedConnection,
  type ConnectionsQuery,
  connectionsQuery,
  shownConnection,
} from './connection.api.ts'
import { Connections } from './connections.ts'

@ApiTags('connections')
@Controller('v1/projects/:p/connections')
export class ConnectionsController {
  constructor(
    private readonly connections: Connections,
    private readonly view: ConnectionView,
    private readonly projects: Projects,
  ) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Connections, newest first.' })
  @Answers(200, pageSchema(shownConnection))
  async list(
    @Param('p', UuidPath) p: string,
    @Query({ schema: connectionsQuery }) query: ConnectionsQuery,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    await this.projects.get(p)
    return pageOf(
      await this.connections.list(caller, p, query),
      query,
      p,
      ({ id }) => id,
      (connection) => this.view.of(connection),
    )
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One connection, with hints of its credentials.' })
  @Answers(200, shownConnection)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.view.of(await this.connections.get(caller, p, id))
  }

  @Patch(':id')
  @Needs('connections:write')
  @ApiOperation({ summary: 'Change alias, config, metadata; suspend or resume.' })
  @Answers(200, shownConnection, AliasTaken, NotNow)
  async change(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @Body({ schema: changedConnection }) input: ChangedConnection,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    return this.view.of(await this.connections.change(caller, p, id, input))
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
}
