import type { Cidr } from '@app/config'
import { type LookupAddress, promises as dns } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isAllowed, isListed } from './address-guard.ts'

/** All addresses of a host name. Rejects as `dns.lookup` does. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

export const systemResolve: Resolve = (hostname) => dns.lookup(hostname, { all: true, order: 'verbatim' })

/** An address that we do not connect to. It names neither the address nor the host. */
export class RefusedAddress extends Error {
  constructor() {
    super('the address is not one that calls may go to')
    this.name = 'RefusedAddress'
  }
}

/** By what the addresses of a host are judged. */
export interface AddressRules {
  /** Private ranges that may be reached, and the only ones that may be reached without TLS. */
  allowed: readonly Cidr[]
  /** It will speak TLS. */
  secure: boolean
  resolve?: Resolve
}

/**
 * The addresses of a host (a name, or a literal without brackets), if a socket may be opened to all of them. Rejects with
 * {@link RefusedAddress}, or as `dns.lookup` does. Connect to what it answers, not to the name.
 */
export async function guardedAddresses(host: string, rules: AddressRules): Promise<readonly LookupAddress[]> {
  const family = isIP(host)
  const answers = family === 0 ? await (rules.resolve ?? systemResolve)(host) : [{ address: host, family }]
  // One bad answer among good ones is no mistake that a good host makes: all are refused.
  if (answers.length === 0 || !answers.every(({ address }) => accepts(address, rules))) {
    throw new RefusedAddress()
  }
  return answers
}

/**
 * The same as a socket's own lookup: what was judged and what is connected to cannot differ. A socket does not look a
 * literal up, so whoever uses this asks {@link guardedAddresses} before.
 */
export function guardedLookup(rules: AddressRules): LookupFunction {
  return (hostname, wanted, callback) => {
    guardedAddresses(hostname, rules).then(
      (answers) => {
        const [first] = answers
        if (wanted.all) callback(null, [...answers])
        else callback(null, first?.address ?? '', first?.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}

/** A literal address, judged; a name is for the lookup to judge. */
export function isRefusedLiteral(host: string, rules: AddressRules): boolean {
  return isIP(host) !== 0 && !accepts(host, rules)
}

function accepts(ip: string, { allowed, secure }: AddressRules): boolean {
  return secure ? isAllowed(ip, allowed) : isListed(ip, allowed)
}
