import type { Cidr } from '@app/config'
import { isIP } from 'node:net'
import { isAllowed, isListed } from './address-guard.ts'
import { EgressFailure } from './egress-failure.ts'

const LONGEST = 16_384
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/

/**
 * The URL, parsed once, if a call may go to it at all: https (http only where ranges are allowed), no user-info, port
 * 443, 80 or from 1024 up, a host that reads as a plain name or address. Throws a `refused_address` failure otherwise.
 * A name says nothing about where it leads: the address is judged again when the socket is opened.
 */
export function guardedUrl(text: string | URL, allowed: readonly Cidr[]): URL {
  const url = parsed(text)
  const plain = url.protocol === 'http:'
  const fine =
    (url.protocol === 'https:' || (plain && allowed.length > 0)) &&
    isPort(url.port) &&
    isHost(url.hostname, (ip) => (plain ? isListed(ip, allowed) : isAllowed(ip, allowed)))
  if (!fine) throw refused()
  return url
}

function parsed(text: string | URL): URL {
  const original = String(text)
  // The parser would drop tabs and line ends, trim blanks and turn backslashes round: nobody honest writes them.
  if (original.length > LONGEST || /[\u0000-\u0020\u007f\\]/.test(original)) throw refused()
  // Read off the text, since an empty user-info ("https://@host") is gone once parsed.
  if (!/^https?:\/\/[^/?#@]+([/?#]|$)/i.test(original) || !URL.canParse(original)) throw refused()
  return new URL(original)
}

function isPort(port: string): boolean {
  return port === '' || port === '443' || port === '80' || Number(port) >= 1024
}

function isHost(hostname: string, accepts: (ip: string) => boolean): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) !== 0 ? accepts(bare) : bare.length <= 253 && HOST_NAME.test(bare)
}

function refused(): EgressFailure {
  return new EgressFailure('url', { effect: 'none' })
}
