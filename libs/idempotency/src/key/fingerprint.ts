import { sha256 } from '@app/secrets'

/** What makes two requests the same: the ids in the path, the query, and the body as it was understood. */
export interface Wish {
  params: unknown
  query: unknown
  body: unknown
}

/**
 * SHA-256 over the canonical form. The body counts as it was read, so neither the order of members nor the way of
 * writing a number or a character makes a difference (`1.0` is `1`, `\u0041` is `A`); no body is an empty one, as it is
 * to whoever checks it. Two Unicode forms of one word stay two: they are kept as two.
 */
export function fingerprintOf({ params, query, body }: Wish): Buffer {
  return sha256(JSON.stringify({ params, query, body: body ?? {} }, membersInOrder))
}

function membersInOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(members)
}
