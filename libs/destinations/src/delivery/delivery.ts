import type { Environment } from '../destination/destination.ts'

export type DeliveryStatus = 'pending' | 'processing' | 'retrying' | 'delivered' | 'dead_letter' | 'cancelled'

/** One event on its way to one destination: a row of `destination_deliveries`, as it is claimed. */
export interface Delivery {
  id: string
  seq: string
  project_id: string
  environment: Environment
  destination_id: string
  outgoing_event_id: string
  /** Set where the destination wants order: then the next one of the same object waits for this one. */
  order_key: string | null
  replay_id: string | null
  status: DeliveryStatus
  retry_count: number
  next_retry_at: Date | null
  error_message: string | null
  delivered_at: Date | null
  created_at: Date
}
