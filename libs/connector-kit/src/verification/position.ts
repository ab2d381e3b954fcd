import { type Delivery, memberOf } from '../delivery.ts'
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
  if (value === undefined || value === '') return { refusal: 'signature_missing' }
  return values.length === 1 ? { value } : { refusal: 'signature_repeated' }
}
