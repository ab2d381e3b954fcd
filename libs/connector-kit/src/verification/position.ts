import { Delivery, memberOf } from '../delivery.ts'
import type { Refusal } from './verdict.ts'

/** Where a signature or token stands. */
export type Position = { header: string } | { query: string } | { body: readonly string[] }

/** The one value that stands there; a missing or repeated one is refused (security.md 6.5). */
export function valueAt(delivery: Delivery, position: Position): { value: string } | { refusal: Refusal } {
  if ('body' in position) {
    const value = memberOf(delivery.json(), ...position.body)
    return typeof value === 'string' && value !== '' ? { value } : { refusal: 'signature_missing' }
  }
  const values = 'header' in position ? delivery.lines(position.header) : delivery.query(position.query)
  const [value] = values
  if (values.length > 1) return { refusal: 'signature_repeated' }
  return value === undefined || value === '' ? { refusal: 'signature_missing' } : { value }
}

/** The same delivery with this value at that position, whatever stood there before: what a sender does last. */
export function placed(delivery: Delivery, position: Position, value: string): Delivery {
  if ('header' in position) {
    const others = delivery
      .headerNames()
      .filter((name) => name !== position.header.toLowerCase())
      .flatMap((name) => delivery.lines(name).flatMap((line) => [name, line]))
    return changed(delivery, { headers: [...others, position.header, value] })
  }
  if ('query' in position) {
    const url = new URL(delivery.url)
    url.searchParams.set(position.query, value)
    return changed(delivery, { url: url.href })
  }
  const body = withMember(delivery.json(), position.body, value)
  return changed(delivery, { rawBody: Buffer.from(JSON.stringify(body)) })
}

function withMember(within: unknown, [name, ...rest]: readonly string[], value: string): unknown {
  if (name === undefined) return value
  const members = typeof within === 'object' && within !== null ? within : {}
  return { ...members, [name]: withMember(memberOf(members, name), rest, value) }
}

function changed(
  delivery: Delivery,
  { headers, url, rawBody }: { headers?: string[]; url?: string; rawBody?: Buffer },
): Delivery {
  const same = delivery.headerNames().flatMap((name) => delivery.lines(name).flatMap((line) => [name, line]))
  return new Delivery(
    delivery.method,
    url ?? delivery.url,
    headers ?? same,
    rawBody ?? delivery.rawBody,
    delivery.receivedAt,
  )
}
