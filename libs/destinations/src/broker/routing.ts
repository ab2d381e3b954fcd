import type { CloudEvent } from '@app/outbox'

/** Where `{type}` stands, the event's type is put: `events.{type}` becomes `events.payment.captured`. */
export function routed(pattern: string, event: CloudEvent): string {
  return pattern.replaceAll('{type}', event.type)
}

/** Does it still have the form once a type is in it? */
export function isRouted(pattern: string, form: RegExp): boolean {
  return form.test(pattern.replaceAll('{type}', 'payment.captured'))
}

/** How a message says that it holds a CloudEvent whole. */
export const CLOUD_EVENT = 'application/cloudevents+json'
