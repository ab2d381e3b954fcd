import type { Secret } from '@app/secrets'
import type { Ctx } from './connector.ts'
import type { Text } from './words.ts'

/** Where a connection's deliveries come in. */
export interface OwnAddress {
  /** The address of today. */
  url: string
  /** Whether an address leads to this connection: also one that was replaced, and one that bears an older name of ours. */
  leadsHere(url: string): boolean
}

/** What of a connection's `config` must be there before its provider can be asked about webhooks. */
export interface ConfigNeed {
  /** The member of `config`. */
  name: string
  /** The whole value must match. */
  pattern: RegExp
  /** What to enter, and which rights the credentials need. */
  help: Text
}

/** Something that the provider says happened: a delivery that should have come. */
export interface Missed {
  /** Exactly what `dedupeKey` says of the real delivery: by it the database tells what never arrived. */
  dedupeKey: string
  /** When it was first sent, or happened. */
  at: Date
  /** The headers that reading it needs, names in small letters. */
  headers: Readonly<Record<string, string>>
  /**
   * Its body, as near as the provider still has it. Asked for only where the delivery is missing, so it may cost a call;
   * null: it can no longer be had.
   */
  body(): Promise<Buffer | null>
}

/** One address that is registered at the provider, whoever it leads to. */
export interface Registered {
  id: string
  url: string
  /** The provider's words for what is delivered there. */
  events: readonly string[]
  active: boolean
  /** Whether deliveries there are signed with a secret; left out where the provider does not say. */
  signed?: boolean
}

/** The webhook addresses that a provider's API shows. A refusal is thrown (`UnexpectedAnswer`), never an empty list. */
export interface Registration {
  /** All of them; the platform knows which are its own. Calls that only read. */
  read(ctx: Ctx): Promise<Registered[]>
  /**
   * Makes it right: one active registration at `own.url`, signed with `secret`, with the events that it has. `found` are
   * those that lead to this connection; others are nobody's business, and nothing is deleted. May be repeated.
   */
  mend?(ctx: Ctx, own: OwnAddress & { secret: Secret }, found: readonly Registered[]): Promise<void>
}

/** Whether the provider can be asked about this connection's webhooks at all. */
export function isAskable(
  { needs }: { needs?: ConfigNeed },
  config: Readonly<Record<string, unknown>>,
): boolean {
  if (!needs) return true
  const value = Object.hasOwn(config, needs.name) ? config[needs.name] : undefined
  return typeof value === 'string' && needs.pattern.test(value)
}
