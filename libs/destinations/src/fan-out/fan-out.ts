import { Injectable, type OnModuleInit } from '@nestjs/common'
import type { Sql } from '@app/database'
import { Outbox } from '@app/outbox'
import { Deliverer } from '../sending/deliverer.ts'

type Told = Parameters<Outbox['tell']>[1]

/** What is told is put down for every destination that wants to hear of it, in the transaction that tells it. */
@Injectable()
export class FanOut implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly deliverer: Deliverer,
  ) {}

  onModuleInit(): void {
    this.outbox.onNews(fanOut)
    this.outbox.onCommitted(() => {
      this.deliverer.wake()
    })
  }
}

/**
 * One statement, whoever's transaction it is: every event of every room passes here. What waits behind a predecessor
 * that has failed is not due before that is; it would only be looked at in vain.
 */
export async function fanOut(unit: Sql, told: Told): Promise<void> {
  await unit.query({
    name: 'fan-out',
    text: INSERT,
    values: [told.map(({ id }) => id), told.map(({ replayId }) => replayId)],
  })
}

/** UUIDv7 by the database's clock: rows lie in the order of their making. */
const NEW_ID = `(lpad(to_hex(floor(extract(epoch FROM now()) * 1000)::bigint), 12, '0')
  || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid`

const INSERT = `
  INSERT INTO destination_deliveries
    (id, project_id, environment, destination_id, outgoing_event_id, order_key, replay_id, next_retry_at)
  SELECT ${NEW_ID}, e.project_id, e.environment, d.id, e.id, CASE WHEN d.ordered THEN e.subject END, t.replay_id,
    CASE WHEN d.ordered THEN (
      SELECT max(p.next_retry_at) FROM destination_deliveries p
      WHERE p.destination_id = d.id AND p.order_key = e.subject AND p.status IN ('pending', 'retrying')) END
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS t (id, replay_id, n)
  JOIN outgoing_events e ON e.id = t.id
  JOIN destinations d ON d.project_id = e.project_id AND d.status = 'enabled'
    AND (d.environment IS NULL OR d.environment = e.environment)
    AND (d.types = '{}' OR e.type = ANY (d.types) OR split_part(e.type, '.', 1) || '.*' = ANY (d.types))
    AND (d.providers = '{}' OR e.provider = ANY (d.providers))
  ORDER BY t.n, d.id
  ON CONFLICT DO NOTHING`
