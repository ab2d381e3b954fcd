import { buildConnector } from 'undici'
import {
  type AddressRules,
  guardedLookup,
  isRefusedLiteral,
  RefusedAddress,
  type Resolve,
} from './guarded-lookup.ts'

export interface ConnectorOptions extends Pick<AddressRules, 'allowed'> {
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
  const tls = connectorFor(options, true)
  const plain = connectorFor(options, false)
  return (target, callback) => (target.protocol === 'https:' ? tls : plain)(target, callback)
}

function connectorFor(options: ConnectorOptions, secure: boolean): buildConnector.connector {
  const rules: AddressRules = { allowed: options.allowed, resolve: options.resolve, secure }
  const connect = buildConnector({
    timeout: options.connectMs,
    lookup: guardedLookup(rules),
    // Several checked addresses are tried in turn: half of the region's hosts answer on one family only.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 500,
    // One request a connection at a time: what was sent, and therefore `effect`, stays knowable.
    allowH2: false,
    ...(options.ca === undefined ? {} : { ca: [options.ca].flat() }),
  })
  return (target, callback) => {
    // The socket does not look a literal up, so the lookup above never sees it.
    const hostname = target.hostname.replace(/^\[|\]$/g, '')
    if (isRefusedLiteral(hostname, rules)) callback(new RefusedAddress(), null)
    else connect({ ...target, hostname }, callback)
  }
}
