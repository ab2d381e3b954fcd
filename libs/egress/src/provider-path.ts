import { EgressFailure } from './egress-failure.ts'

export type Query = Readonly<Record<string, string | readonly string[]>>

/**
 * The URL of a path at a provider: joined, normalised and compared, so that it stays at the origin and under the base
 * path whatever the path holds. A path that tries to leave, also by escaped dots or slashes, is an `invalid_request`
 * failure: the parser and the provider may not agree on what such a path means.
 */
export function providerUrl(base: string, path: string, query: Query = {}): URL {
  const root = new URL(base)
  const prefix = root.pathname.replace(/\/+$/, '')
  // An id put into a path unescaped must not begin a query; what is one is given as one.
  if (/[\u0000-\u0020\u007f\\?#]/.test(path) || path.split('/').some(leaves)) throw strays()
  const url = new URL(`${root.origin}${prefix}${path === '' || path.startsWith('/') ? '' : '/'}${path}`)
  if (url.origin !== root.origin || !`${url.pathname}/`.startsWith(`${prefix}/`)) throw strays()
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) url.searchParams.append(name, value)
  }
  return url
}

/** Does a segment climb, as it stands or once it is decoded, as often as some server might decode it? */
function leaves(segment: string): boolean {
  let text = segment
  for (let round = 0; round < 4; round++) {
    // Some servers cut "..;x" to ".." before they walk the path.
    const parts = text.split(/[/\\]/).map((part) => part.split(';', 1)[0] ?? '')
    if (parts.some((part) => part === '.' || part === '..') || /[\u0000-\u001f\u007f]/.test(text)) return true
    const decoded = decodedOnce(text)
    if (decoded === undefined) return true
    if (decoded === text) return false
    text = decoded
  }
  return true
}

function decodedOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function strays(): EgressFailure {
  return new EgressFailure('request', { effect: 'none' })
}
