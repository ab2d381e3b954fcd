import type { Cidr } from '@app/config'
import { type LookupAddress, promises as dns } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
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

export interface ConnectorOptions {
  allowed: readonly Cidr[]
  connectMs: number
  resolve: Resolve
  /** Authorities to trust instead of the system's. */
  ca?: string | readonly string[]
}

/**
 * Opens every socket of the room. The name is resolved here, once, and the socket goes to the very addresses that were
 * checked, so an answer that changes between check and connection changes nothing. TLS name and `Host` stay the name's.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const tls = connectorFor(options, (ip) => isAllowed(ip, options.allowed))
  const plain = connectorFor(options, (ip) => isListed(ip, options.allowed))
  return (target, callback) => (target.protocol === 'https:' ? tls : plain)(target, callback)
}

function connectorFor(options: ConnectorOptions, accepts: (ip: string) => boolean): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectMs,
    lookup: checkedLookup(options.resolve, accepts),
    // Several checked addresses are tried in turn: half of the region's hosts answer on one family only.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 500,
    // One request a connection at a time: what was sent, and therefore `effect`, stays knowable.
    allowH2: false,
    ...(options.ca === undefined ? {} : { ca: [options.ca].flat() }),
  })
  return (target, callback) => {
    // The socket does not look a literal up, so the lookup below never sees it.
    const literal = target.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0 && !accepts(literal)) callback(new RefusedAddress(), null)
    else connect({ ...target, hostname: literal }, callback)
  }
}

function checkedLookup(resolve: Resolve, accepts: (ip: string) => boolean): LookupFunction {
  return (hostname, wanted, callback) => {
    resolve(hostname).then(
      (answers) => {
        const [first] = answers
        // One bad answer among good ones is no mistake that a good host makes: all are refused.
        if (!first || !answers.every(({ address }) => accepts(address))) callback(new RefusedAddress(), '')
        else if (wanted.all) callback(null, [...answers])
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}
