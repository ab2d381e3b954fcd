import { EntitySchema } from '@mikro-orm/core'
import { QuarantineEntry } from './quarantine-entry.ts'

export const quarantineEntrySchema = new EntitySchema({
  class: QuarantineEntry,
  tableName: 'webhook_quarantine',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    project_id: { type: 'uuid' },
    environment: { type: 'string', columnType: 'integration_environment' },
    connection_id: { type: 'uuid' },
    provider: { type: 'string', columnType: 'integration_provider_type' },
    reason: { type: 'text' },
    raw_body_url: { type: 'text' },
    body_size: { type: 'integer' },
    body_hash: { type: 'text' },
    source_ip: { type: 'string', columnType: 'inet', nullable: true },
    received_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    event_id: { type: 'uuid', nullable: true },
  },
})
