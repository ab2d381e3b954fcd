import { EntitySchema } from '@mikro-orm/core'
import { WebhookConfig } from './webhook-config.ts'

export const webhookConfigSchema = new EntitySchema({
  class: WebhookConfig,
  tableName: 'integration_webhook_configs',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    connection_id: { type: 'uuid' },
    webhook_id: { type: 'text', nullable: true },
    endpoint_url: { type: 'text' },
    events: { type: 'string[]', columnType: 'text[]', defaultRaw: "'{}'" },
    is_active: { type: 'boolean', default: true },
    signing_secret: { type: 'json', columnType: 'jsonb', nullable: true, hidden: true },
    verification_method: { type: 'text', nullable: true },
    metadata: { type: 'json', columnType: 'jsonb', defaultRaw: "'{}'" },
    created_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    updated_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
  },
})
