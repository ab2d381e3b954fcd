import type { WorkTable } from '@app/jobs'

/** How deliveries are claimed: destination by destination, and of one object in the order of its changes where asked. */
export const deliveriesAsWork: WorkTable = {
  name: 'destination_deliveries',
  lane: 'destination_id',
  statusType: 'text',
  laneIsOpen: "EXISTS (SELECT FROM destinations d WHERE d.id = l.lane AND d.status = 'enabled')",
  isReady: `w.order_key IS NULL OR NOT EXISTS (
    SELECT FROM destination_deliveries earlier
    WHERE earlier.destination_id = w.destination_id AND earlier.order_key = w.order_key AND earlier.seq < w.seq
      AND earlier.status IN ('pending', 'processing', 'retrying'))`,
  // Lost once is bad luck: the process was killed, and all it had under way with it. Tokens count claims and losses,
  // retries only claims.
  isSuspect: "w.error_message = 'worker_lost' AND w.lease_token > w.retry_count + 1",
}
