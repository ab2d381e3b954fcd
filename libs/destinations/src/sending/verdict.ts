import { retryAfterSeconds } from '@app/jobs'
import type { Outcome } from '../channel/channel.ts'

/** What becomes of a delivery after a try. */
export type Verdict =
  { status: 'delivered' } | { status: 'dead_letter' } | { status: 'retrying'; afterSeconds: number }

/** `attempt` counts this try. After the last step of the schedule, or where no later try would end otherwise: the end. */
export function verdictOn(outcome: Outcome, attempt: number, random?: () => number): Verdict {
  if (outcome.delivered) return { status: 'delivered' }
  const { permanent, retryAfter: askedFor } = outcome
  const afterSeconds = permanent
    ? null
    : retryAfterSeconds(attempt, { schedule: 'patient', askedFor, ...(random && { random }) })
  return afterSeconds === null ? { status: 'dead_letter' } : { status: 'retrying', afterSeconds }
}
