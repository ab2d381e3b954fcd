import type { Endpoint, Mode } from '@app/connector-kit'
import { EgressFailure } from './egress-failure.ts'

/**
 * The base URL for a connection's mode and region, out of the connector's closed list: the first row that says nothing
 * against either. Throws an `invalid_request` failure where there is none, rather than guess a host.
 */
export function endpointFor(endpoints: readonly Endpoint[], wanted: { mode: Mode; region?: string }): string {
  const found = endpoints.find(
    ({ mode, region }) =>
      (mode === undefined || mode === wanted.mode) &&
      (region === undefined || wanted.region === undefined || region === wanted.region),
  )
  if (!found) throw new EgressFailure('request', { effect: 'none' })
  return found.url
}
