import { EntitySchema } from '@mikro-orm/core'
import { OutgoingEvent } from './outgoing-event.ts'

// Nothing is written through it: events go out in groups, in one statement with what is to be sent (outbox.ts).
export const outgoingEventSchema = new EntitySchema({
  class: OutgoingEvent,
  tableName: 'outgoing_events',
  readonly: true,
  properties: {
    id: { type: 'uuid', primary: true },
    project_id: { type: 'uuid' },
    environment: { type: 'string', columnType: 'integration_environment' },
    connection_id: { type: 'uuid', nullable: true },
    provider: { type: 'text', nullable: true },
    event_id: { type: 'uuid', nullable: true },
    type: { type: 'text' },
    subject: { type: 'text' },
    occurred_at: { type: 'Date', columnType: 'timestamptz' },
    recorded_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    data: { type: 'json', columnType: 'jsonb' },
  },
})
