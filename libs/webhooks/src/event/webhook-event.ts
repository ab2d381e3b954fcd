import { isStorable, newId } from '@app/http'
import { sha256 } from '@app/secrets'
import { type Delivery, isKeptHeader, type Trust } from '@app/connector-kit'
import type { WebhookTarget } from '@app/connections'

/** What a delivery proved of itself; or `fetched`: it never came, and the provider was asked for it. */
export type EventTrust = Trust | 'fetched'

/** One verified delivery, as `integration_events` will hold it. No part of the body is in it. */
export interface NewEvent {
  id: string
  target: WebhookTarget
  type: string | null
  dedupeKey: string | null
  hash: string
  signature: string | null
  size: number
  trust: EventTrust
  headers: Record<string, string>
  /** null: nobody brought it, it was fetched. */
  sourceIp: string | null
  userAgent: string | null
  bodyExpiresAt: Date
}

const MAX_KEY = 200

export function eventOf(
  target: WebhookTarget,
  delivery: Delivery,
  sourceIp: string | null,
  trust?: EventTrust,
): NewEvent {
  const { webhooks } = target.connector
  if (!webhooks) throw new Error('a target without webhooks was let in')
  return {
    id: newId(),
    target,
    type: storable(webhooks.eventType(delivery), 120),
    dedupeKey: keyOf(webhooks.dedupeKey(delivery)),
    hash: sha256(delivery.rawBody).toString('hex'),
    signature: storable(webhooks.signature?.(delivery) ?? null, 1_000),
    size: delivery.rawBody.length,
    trust: trust ?? webhooks.trust,
    headers: Object.fromEntries(
      delivery
        .headerNames()
        .map((name) => [
          name,
          isKeptHeader(name, webhooks) ? (storable(delivery.header(name) ?? null, 300) ?? '') : '[redacted]',
        ]),
    ),
    sourceIp,
    userAgent: storable(delivery.header('user-agent') ?? null, 300),
    bodyExpiresAt: new Date(delivery.receivedAt.getTime() + target.bodyRetentionSeconds * 1_000),
  }
}

function storable(text: string | null, length: number): string | null {
  if (text === null || (text.length <= length && isStorable(text))) return text
  return text.toWellFormed().replaceAll('\0', '').slice(0, length).toWellFormed()
}

export function keyOf(key: string | null): string | null {
  return key === null || key === '' ? null : keptKey(key)
}

/** As it is where it fits an index and PostgreSQL; else its digest, so that two stay different. */
export function keptKey(key: string): string {
  return key.length <= MAX_KEY && isStorable(key)
    ? key
    : `sha256:${sha256(Buffer.from(key, 'utf16le')).toString('hex')}`
}

/** What makes two deliveries one: the connection, and the provider's id or else the body. */
export function identityOf({ target, dedupeKey, hash }: NewEvent): string {
  return `${target.connectionId} ${dedupeKey === null ? `#${hash}` : `:${dedupeKey}`}`
}
