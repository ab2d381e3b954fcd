import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

type Range = ReturnType<typeof ipaddr.parseCIDR>

/**
 * Who is calling: the peer, or, where the peer is one of our own proxies, the last address in `X-Forwarded-For`
 * that is not (security.md 10.1). Headers of anybody else are not believed.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | string[] | undefined,
  trusted: readonly Range[],
): string {
  let address = normal(peer ?? '')
  if (trusted.length === 0) return address ?? '0.0.0.0'
  const hops = [forwardedFor ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((hop) => hop.trim())
  while (address !== null && isTrusted(address, trusted)) {
    const hop = normal(hops.pop() ?? '')
    if (hop === null) break
    address = hop
  }
  return address ?? '0.0.0.0'
}

function normal(text: string): string | null {
  if (isIPv4(text)) return text
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : null
}

function isTrusted(text: string, trusted: readonly Range[]): boolean {
  const address = ipaddr.process(text)
  return trusted.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits))
}
