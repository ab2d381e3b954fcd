import { EntitySchema } from '@mikro-orm/core'
import { Destination } from './destination.ts'

export const destinationSchema = new EntitySchema({
  class: Destination,
  tableName: 'destinations',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    project_id: { type: 'uuid' },
    environment: { type: 'string', columnType: 'integration_environment', nullable: true },
    name: { type: 'text', nullable: true },
    kind: { type: 'text', default: 'http' },
    url: { type: 'text' },
    config: { type: 'json', columnType: 'jsonb', defaultRaw: "'{}'" },
    types: { type: 'string[]', columnType: 'text[]', defaultRaw: "'{}'" },
    providers: { type: 'string[]', columnType: 'text[]', defaultRaw: "'{}'" },
    ordered: { type: 'boolean', default: false },
    schema_major: { type: 'integer', default: 1 },
    status: { type: 'text', default: 'enabled' },
    disabled_reason: { type: 'text', nullable: true },
    secrets: { type: 'json', columnType: 'jsonb', nullable: true, hidden: true },
    failing_since: { type: 'Date', columnType: 'timestamptz', nullable: true },
    last_success_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    version: { type: 'integer', default: 1 },
    created_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    updated_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
  },
})
