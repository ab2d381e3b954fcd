import type { Connector } from '@app/connector-kit'
import * as registry from './registry.ts'

/** Every connector of this build. */
export const connectors: readonly Connector[] = Object.values(registry)

const byId = new Map(connectors.map((connector) => [connector.manifest.id, connector]))

/** The connector of a registry id; undefined where this build has none. */
export function connectorOf(provider: string): Connector | undefined {
  return byId.get(provider)
}
