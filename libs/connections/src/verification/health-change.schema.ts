import { EntitySchema } from '@mikro-orm/core'
import { HealthChange } from './health-change.ts'

export const healthChangeSchema = new EntitySchema({
  class: HealthChange,
  tableName: 'connection_health_changes',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    project_id: { type: 'uuid' },
    environment: { type: 'string', columnType: 'integration_environment' },
    connection_id: { type: 'uuid' },
    from_state: { type: 'string', columnType: 'integration_health_state' },
    to_state: { type: 'string', columnType: 'integration_health_state' },
    event_type: { type: 'text' },
    message: { type: 'text', nullable: true },
    at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
  },
})
