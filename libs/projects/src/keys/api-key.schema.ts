import { EntitySchema } from '@mikro-orm/core'
import { ApiKey } from './api-key.ts'

export const apiKeySchema = new EntitySchema({
  class: ApiKey,
  tableName: 'api_keys',
  properties: {
    id: { type: 'text', primary: true },
    project_id: { type: 'uuid' },
    name: { type: 'text', nullable: true },
    environment: { type: 'string', columnType: 'integration_environment', nullable: true },
    scopes: { type: 'string[]', columnType: 'text[]' },
    key_hash: { type: 'Buffer', columnType: 'bytea', hidden: true },
    expires_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    last_used_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    revoked_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    created_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
  },
})
