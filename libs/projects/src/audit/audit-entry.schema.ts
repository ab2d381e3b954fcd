import { EntitySchema } from '@mikro-orm/core'
import { AuditEntry } from './audit-entry.ts'

export const auditEntrySchema = new EntitySchema({
  class: AuditEntry,
  tableName: 'audit_log',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    project_id: { type: 'uuid', nullable: true },
    actor: { type: 'text' },
    action: { type: 'text' },
    subject: { type: 'text' },
    details: { type: 'json', columnType: 'jsonb', defaultRaw: "'{}'" },
    ip_address: { type: 'string', columnType: 'inet', nullable: true },
    at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
  },
})
