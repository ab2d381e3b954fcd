import { EntitySchema } from '@mikro-orm/core'
import { WebhookRegistration } from './webhook-registration.ts'

export const webhookRegistrationSchema = new EntitySchema({
  class: WebhookRegistration,
  tableName: 'webhook_registrations',
  properties: {
    connection_id: { type: 'uuid', primary: true },
    project_id: { type: 'uuid' },
    environment: { type: 'string', columnType: 'integration_environment' },
    state: { type: 'text', nullable: true },
    reason: { type: 'text', nullable: true },
    checked_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
    tried_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
  },
})
