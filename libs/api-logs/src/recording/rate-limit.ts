const REMAINING = ['x-ratelimit-remaining', 'ratelimit-remaining', 'x-rate-limit-remaining']
const RESET = ['x-ratelimit-reset', 'ratelimit-reset', 'x-rate-limit-reset']
/** A number above this is a point in time (seconds since 1970), one below it a number of seconds from now. */
const LATER_THAN_ANY_WAIT = 1_000_000_000
const LONGEST_WAIT = 31 * 86_400

/** How many calls the provider still takes, and from when on more; as far as it says so in one of the usual ways. */
export function rateLimitOf(
  headers: Readonly<Record<string, string>>,
  now: Date,
): { remaining: number | null; resetAt: Date | null } {
  const remaining = numberIn(headers, REMAINING)
  const reset = numberIn(headers, RESET) ?? numberIn(headers, ['retry-after'])
  return {
    remaining: remaining === null ? null : Math.min(Math.floor(remaining), 2 ** 31 - 1),
    resetAt: reset === null ? null : pointInTime(reset, now),
  }
}

function pointInTime(reset: number, now: Date): Date | null {
  const seconds = reset > LATER_THAN_ANY_WAIT ? reset : now.getTime() / 1_000 + reset
  const wait = seconds - now.getTime() / 1_000
  return Math.abs(wait) <= LONGEST_WAIT ? new Date(seconds * 1_000) : null
}

function numberIn(headers: Readonly<Record<string, string>>, names: readonly string[]): number | null {
  for (const given in headers) {
    if (!names.includes(given.toLowerCase())) continue
    const value = headers[given] ?? ''
    if (/^\d{1,12}(\.\d{1,6})?$/.test(value)) return Number(value)
  }
  return null
}
