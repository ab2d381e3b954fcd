import type { Cidr } from '@app/config'
import ipaddr from 'ipaddr.js'
import { isIP } from 'node:net'

type Address = ReturnType<typeof ipaddr.parse>

const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3')

// Public by its number, yet every Azure machine reaches its own host agent there, with secrets in the answers.
const AZURE_HOST_AGENT = '168.63.129.16'

/**
 * May a socket be opened to this address? Only to global unicast, written plainly: an IPv4 address inside an IPv6 one
 * is refused whatever it holds, since it is the gateway that decides where it leads. What the operator allowed wins.
 * Anything that is not an address, and an address with a zone, is refused.
 */
export function isAllowed(ip: string, allowedCidrs: readonly Cidr[]): boolean {
  const address = read(ip)
  return address !== undefined && (within(address, allowedCidrs) || isGlobalUnicast(address))
}

/** Is the address in one of the ranges that the operator allowed? Only there may a call go without TLS. */
export function isListed(ip: string, allowedCidrs: readonly Cidr[]): boolean {
  const address = read(ip)
  return address !== undefined && within(address, allowedCidrs)
}

function read(ip: string): Address | undefined {
  // ipaddr.js is as generous as inet_aton (octal, hexadecimal, missing parts); Node is strict.
  return isIP(ip) !== 0 && !ip.includes('%') ? ipaddr.parse(ip) : undefined
}

function within(address: Address, cidrs: readonly Cidr[]): boolean {
  return cidrs.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
}

function isGlobalUnicast(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  if (address instanceof ipaddr.IPv4) return address.toString() !== AZURE_HOST_AGENT
  // The library calls what it has no name for unicast: IPv4-compatible addresses, and all that is not yet given out.
  return address.match(GLOBAL_UNICAST_V6) && !isIsatap(address)
}

/** RFC 5214: an interface identifier of 0000:5efe or 0200:5efe, then an IPv4 address. */
function isIsatap(address: ipaddr.IPv6): boolean {
  const [, , , , first = 0, second = 0] = address.parts
  return second === 0x5efe && (first & ~0x0300) === 0
}
