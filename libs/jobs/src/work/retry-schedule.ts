const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
/** After the first failure, the second … (security.md 2.3), in seconds. */
const DELAYS_S = [
  5,
  30,
  2 * MINUTE_S,
  10 * MINUTE_S,
  30 * MINUTE_S,
  2 * HOUR_S,
  6 * HOUR_S,
  15 * HOUR_S,
] as const
/** Two more steps, for what is sent to a customer's own application. */
const PATIENT_DELAYS_S = [...DELAYS_S, 24 * HOUR_S, 24 * HOUR_S] as const

export const schedules = { usual: DELAYS_S, patient: PATIENT_DELAYS_S } satisfies Record<
  string,
  readonly number[]
>
export type Schedule = keyof typeof schedules

const JITTER = 0.2

/**
 * How many seconds after its `attempt`th attempt (from 1) failed something is tried again; null: it is not. `Retry-After`
 * lengthens a step, to twice its length at most, and never shortens it.
 */
export function retryAfterSeconds(
  attempt: number,
  {
    schedule = 'usual',
    askedFor,
    random = Math.random,
  }: { schedule?: Schedule; askedFor?: number | undefined; random?: () => number } = {},
): number | null {
  const step = schedules[schedule][attempt - 1]
  if (step === undefined) return null
  const jittered = step * (1 - JITTER + 2 * JITTER * random())
  if (askedFor === undefined || !(askedFor > jittered)) return jittered
  return Math.min(askedFor, 2 * step)
}
