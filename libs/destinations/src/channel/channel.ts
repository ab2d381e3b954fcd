import type { CloudEvent } from '@app/outbox'

/** One event, ready to go: the same bytes and the same `webhook-id` at every try. */
export interface Parcel {
  event: CloudEvent
  /** The envelope as JSON: what is signed is what is sent. */
  body: string
  /** `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks) of this try. */
  signature: Readonly<Record<string, string>>
  /** Set where the destination wants the events of one object in order. */
  orderKey: string | null
}

/** Where it goes. `credentials` are never in `url` or `config`. */
export interface Address {
  destinationId: string
  /** Changes with every change of the destination: what is kept open for an older one is closed. */
  version: number
  url: string
  config: Readonly<Record<string, unknown>>
  credentials: Readonly<Record<string, string>>
}

/** What a try met. `code` is ours (`delivered`, `http_500`, `timeout`, `refused_address` …), never the other side's text. */
export interface Outcome {
  code: string
  delivered: boolean
  /** No later try would end otherwise: it is a dead letter at once. */
  permanent?: boolean
  status?: number
  /** The redacted beginning of the answer. */
  excerpt?: string
  /** What the other side asked for, in seconds. */
  retryAfter?: number
}

/** The code of a destination that wants nothing any more (HTTP 410): it is disabled. */
export const GONE = 'gone'

/** One way to a customer's application: HTTP, or a broker of theirs. Failures are outcomes; it throws nothing. */
export abstract class Channel {
  abstract send(address: Address, parcel: Parcel, signal: AbortSignal): Promise<Outcome>

  /** Closes what it keeps open. */
  abstract close(): Promise<void>
}
