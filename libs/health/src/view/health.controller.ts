import { Controller, Get, Param } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { type Connection, Connections, HealthChange } from '@app/connections'
import { Database, rowsOf } from '@app/database'
import { Answers, CalledBy, type Caller, Needs, shownTime, UuidPath } from '@app/http'
import { z } from 'zod'
import { wordsOf } from './words.ts'

const CHANGES = 50

const words = z.strictObject({ code: z.string(), en: z.string(), ar: z.string() }).nullable()
const shownHealth = z.strictObject({
  connection_id: z.uuid(),
  status: z.string(),
  state: z.string(),
  message: words,
  failures_in_a_row: z.int(),
  checked_at: shownTime.nullable(),
  response_time_ms: z.int().nullable(),
  next_check_at: shownTime.nullable(),
  changes: z.array(
    z.strictObject({
      id: z.uuid(),
      type: z.string(),
      from: z.string(),
      to: z.string(),
      message: words,
      at: shownTime,
    }),
  ),
})

@ApiTags('connections')
@Controller('v1/projects/:p/connections')
export class HealthController {
  constructor(
    private readonly connections: Connections,
    private readonly database: Database,
  ) {}

  @Get(':id/health')
  @Needs('read')
  @ApiOperation({ summary: 'How it is, what the last check found, and what has changed, newest first.' })
  @Answers(200, shownHealth)
  async get(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    const connection = await this.connections.get(caller, p, id)
    const tenant = { projectId: p, environment: caller.environment }
    const changes = await this.database.asProject(tenant, ({ em }) =>
      em.find(
        HealthChange,
        { ...rowsOf(tenant), connection_id: id },
        { orderBy: { id: 'desc' }, limit: CHANGES },
      ),
    )
    return presentHealth(connection, changes)
  }
}

function presentHealth(connection: Connection, changes: HealthChange[]): Record<string, unknown> {
  return {
    connection_id: connection.id,
    status: connection.status,
    state: connection.health_state,
    message: wordsOf(connection.health_message),
    failures_in_a_row: connection.health_failures,
    checked_at: connection.last_health_check,
    response_time_ms: connection.health_response_time_ms,
    next_check_at: ['pending', 'connected'].includes(connection.status) ? connection.next_health_check : null,
    changes: changes.map(({ id, event_type, from_state, to_state, message, at }) => ({
      id,
      type: event_type,
      from: from_state,
      to: to_state,
      message: wordsOf(message),
      at,
    })),
  }
}
