import { EntitySchema } from '@mikro-orm/core'
import { Replay } from './replay.ts'

export const replaySchema = new EntitySchema({
  class: Replay,
  tableName: 'event_replays',
  properties: {
    id: { type: 'uuid', primary: true, defaultRaw: 'gen_random_uuid()' },
    project_id: { type: 'uuid' },
    environment: { type: 'string', columnType: 'integration_environment', nullable: true },
    requested_by: { type: 'text' },
    reason: { type: 'text', nullable: true },
    filter: { type: 'json', columnType: 'jsonb', defaultRaw: "'{}'" },
    status: { type: 'text', default: 'running' },
    per_second: { type: 'integer', default: 100 },
    last_event_id: { type: 'uuid', defaultRaw: "'00000000-0000-0000-0000-000000000000'" },
    until_event_id: { type: 'uuid' },
    matched: { type: 'bigint', default: 0 },
    replayed: { type: 'bigint', default: 0 },
    next_step_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    created_at: { type: 'Date', columnType: 'timestamptz', defaultRaw: 'now()' },
    finished_at: { type: 'Date', columnType: 'timestamptz', nullable: true },
  },
})
