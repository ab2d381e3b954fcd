import type { Webhooks } from './connector.ts'

/** They tell the form of a request, and nothing of who sent it. */
const HARMLESS = new Set(['accept', 'content-length', 'content-type', 'date', 'user-agent'])

/**
 * Whether the value of this header (its name in small letters) lies in the event's row. Of all others only the name
 * does: tokens and signatures hide in them.
 */
export function isKeptHeader(name: string, { keptHeaders }: Pick<Webhooks, 'keptHeaders'>): boolean {
  return HARMLESS.has(name) || (keptHeaders?.includes(name) ?? false)
}
