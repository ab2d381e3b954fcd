import type { Registered } from '@app/connector-kit'

/** What a look at the provider may find. */
export const FOUND_STATES = [
  'in_order',
  'missing',
  'other_address',
  'inactive',
  'unsigned',
  'duplicate',
  'unknown',
] as const
export type FoundState = (typeof FOUND_STATES)[number]

/** `per_call`: our address travels with each call. `by_hand`: the provider has no API that tells. */
export const STATES = [...FOUND_STATES, 'per_call', 'by_hand'] as const
export type State = (typeof STATES)[number]

/** Why it is unknown. */
export const REASONS = [
  'never_checked',
  'not_connected',
  'no_webhooks',
  'config_missing',
  'not_allowed',
  'credentials_rejected',
] as const
export type Reason = (typeof REASONS)[number]

/** What a look has found: of what is registered, what leads to the connection. */
export interface Finding {
  state: FoundState
  reason: Reason | null
  found: readonly Registered[]
}

/** What there is to mend: deliveries that do not come, come to an address that ends, come twice, or will be refused. */
const DRIFT: ReadonlySet<State> = new Set(['missing', 'other_address', 'inactive', 'unsigned', 'duplicate'])

export function isDrift(state: State): boolean {
  return DRIFT.has(state)
}

/** What the registrations that lead to a connection come to, when they should lead to `url`. */
export function stateOf(found: readonly Registered[], url: string): FoundState {
  const [first, second] = found.filter(({ active }) => active)
  if (found.length === 0) return 'missing'
  if (!first) return 'inactive'
  if (second) return 'duplicate'
  if (!isSame(first.url, url)) return 'other_address'
  return first.signed === false ? 'unsigned' : 'in_order'
}

/** Whether the customer's application is told: of drift, of its end, and of no longer knowing; not of a first good look. */
export function isNews(before: FoundState | null, after: FoundState): boolean {
  return before === null ? isDrift(after) : before !== after
}

function isSame(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href
}
