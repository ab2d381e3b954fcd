import type { Cidr } from '@app/config'
import { EgressFailure, guardedUrl } from '@app/egress'

export interface Endpoint {
  /** A name, or an address without brackets. */
  host: string
  port: number
}

interface Form {
  schemes: readonly string[]
  /** Those of them that speak TLS. */
  secure: readonly string[]
  port: number
  /** How many hosts, with commas between them. */
  most: number
  /** What may follow them. */
  path?: RegExp
}

export interface BrokerUrl {
  /** As it is kept. */
  href: string
  secure: boolean
  endpoints: readonly Endpoint[]
  /** With its slash; empty: none. */
  path: string
}

/**
 * A broker's address, held to the rules of any other of ours: what `https://host:port` (or `http://host:port` without TLS)
 * may be, `tls://host:port` may be. Throws an `EgressFailure` as `guardedUrl` does.
 */
export function brokerUrl(text: string, form: Form, allowed: readonly Cidr[]): BrokerUrl {
  const [, scheme = '', authority = '', path = ''] =
    /^([a-z]+):\/\/([^\s/?#@\\]{1,1500})(\/[^\s?#\\]{0,255})?$/.exec(text) ?? []
  const hosts = authority.split(',')
  const fits = form.schemes.includes(scheme) && hosts.length <= form.most && (form.path ?? /^\/?$/).test(path)
  if (!fits) throw new EgressFailure('url', { effect: 'none' })
  const secure = form.secure.includes(scheme)
  const endpoints = hosts.map((host) => endpointOf(host, form.port, secure, allowed))
  return { href: `${scheme}://${endpoints.map(written).join(',')}${path}`, secure, endpoints, path }
}

/** The same for a host and port that came in another way. */
export function endpointOf(
  written: string,
  standardPort: number,
  secure: boolean,
  allowed: readonly Cidr[],
): Endpoint {
  if (/[\s/?#@\\]/.test(written)) throw new EgressFailure('url', { effect: 'none' })
  const url = guardedUrl(
    `${secure ? 'https' : 'http'}://${/:\d+$/.test(written) ? written : `${written}:${standardPort}`}/`,
    allowed,
  )
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (secure ? 443 : 80)) }
}

function written({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
