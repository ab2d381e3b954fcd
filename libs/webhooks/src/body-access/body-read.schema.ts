import { EntitySchema } from '@mikro-orm/core'
import { BodyRead } from './body-read.ts'

export const bodyReadSchema = new EntitySchema({
  class: BodyRead,
  tableName: 'webhook_access_logs',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    event_id: { type: 'uuid' },
    accessed_by: { type: 'text' },
    access_reason: { type: 'text' },
    outcome: { type: 'text', default: 'granted' },
    ip_address: { type: 'string', columnType: 'inet', nullable: true },
    accessed_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    project_id: { type: 'uuid', nullable: true },
  },
})
