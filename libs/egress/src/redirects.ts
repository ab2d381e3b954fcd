import { EgressFailure } from './egress-failure.ts'
import type { EgressReply, EgressRequest } from './egress-request.ts'

/** What security.md 7.3 allows at most. */
export const MOST_REDIRECTS = 3

/** What another origin may be told of a call: nothing that could prove who we are, under whatever name. */
const HARMLESS = new Set(['accept', 'accept-language', 'user-agent', 'range'])

/**
 * The call that an answer asks for instead; null where it asks for none, or where the call is more than a GET or HEAD. Never
 * to plain http; the credentials stay behind where the origin is another. Throws a `redirect` failure where it may not go.
 */
export function redirected(request: EgressRequest, { status, headers }: EgressReply): EgressRequest | null {
  if (![301, 302, 303, 307, 308].includes(status)) return null
  if (request.method !== 'GET' && request.method !== 'HEAD') return null
  const from = new URL(request.url)
  const [location] = [headers.location ?? ''].flat()
  const to = URL.canParse(location ?? '', from.href) ? new URL(location ?? '', from) : null
  if (!location || to?.protocol !== 'https:') throw new EgressFailure('redirect', { effect: 'none', status })
  // The template named the path that was asked first.
  const { template: _, auth, ...rest } = request
  if (to.origin === from.origin) return { ...rest, ...(auth && { auth }), url: to }
  const harmless = Object.entries(request.headers ?? {}).filter(([name]) => HARMLESS.has(name.toLowerCase()))
  return { ...rest, url: to, headers: Object.fromEntries(harmless) }
}
