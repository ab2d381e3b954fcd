import { sha256 } from '@app/secrets'

/**
 * The id of an event that comes of `source` (the UUIDv7 of a delivery, a payment …) and says `what`: always the same for
 * the same two, so that processing again, on whatever replica, makes no second event. It has the source's time and the
 * form of a UUIDv7; what would be random is a digest.
 */
export function idOf(source: string, ...what: string[]): string {
  const digest = sha256([source, ...what].join('\n')).toString('hex')
  const variant = ((parseInt(digest.slice(3, 4), 16) & 0x3) | 0x8).toString(16)
  return `${source.slice(0, 13)}-7${digest.slice(0, 3)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`
}
