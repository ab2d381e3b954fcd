import { EntitySchema } from '@mikro-orm/core'
import { ApiLog } from './api-log.ts'

// Nothing is written through it: calls are recorded in batches, by hand (recording/log-writer.ts).
export const apiLogSchema = new EntitySchema({
  class: ApiLog,
  tableName: 'integration_api_logs',
  readonly: true,
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    connection_id: { type: 'uuid', nullable: true },
    provider: { type: 'string', columnType: 'integration_provider_type' },
    method: { type: 'text' },
    endpoint: { type: 'text' },
    request_headers: { type: 'json', columnType: 'jsonb', nullable: true },
    request_body: { type: 'text', nullable: true },
    response_status: { type: 'integer', nullable: true },
    response_headers: { type: 'json', columnType: 'jsonb', nullable: true },
    response_body: { type: 'text', nullable: true },
    response_time_ms: { type: 'integer', nullable: true },
    error_message: { type: 'text', nullable: true },
    is_error: { type: 'boolean', default: false },
    rate_limit_remaining: { type: 'integer', nullable: true },
    rate_limit_reset_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    created_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    project_id: { type: 'uuid', nullable: true },
    environment: { type: 'string', columnType: 'integration_environment', nullable: true },
    operation: { type: 'text', nullable: true },
    attempt: { type: 'integer', nullable: true },
  },
})
