import { Injectable } from '@nestjs/common'
import type { EventType } from '@app/connector-kit'
import type { Sql } from '@app/database'
import { idOf, Outbox } from '@app/outbox'
import type { Connection } from './connection.ts'

type Told = Pick<
  Connection,
  'id' | 'project_id' | 'environment' | 'provider' | 'alias' | 'status' | 'health_state' | 'version'
>

/** What is told of a connection to the customer's own application, in the unit of work of the change. */
@Injectable()
export class ConnectionNews {
  constructor(private readonly outbox: Outbox) {}

  /** `of`: the id of what changed, so that it is told once. `message`: a code of ours. */
  async tell(
    unit: Sql,
    connection: Told,
    { type, of, message = null }: { type: EventType; of: string; message?: string | null },
  ): Promise<void> {
    const { id, project_id, environment, provider, alias, status, health_state, version } = connection
    await this.outbox.add(unit, [
      {
        id: idOf(of, type),
        projectId: project_id,
        environment,
        connectionId: id,
        provider,
        eventId: null,
        type,
        subject: id,
        occurredAt: new Date(),
        data: {
          object: {
            id,
            provider,
            environment,
            alias,
            status,
            health: { state: health_state, message },
            version,
          },
          version,
          trust: 'observed',
        },
      },
    ])
  }

  /** The unit of work has ended. */
  committed(): void {
    this.outbox.committed()
  }
}
