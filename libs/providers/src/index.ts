import type { Connector } from '@app/connector-kit'
import { registry } from './registry.ts'

const byId = new Map(registry.map((connector) => [connector.manifest.id, connector]))

/** The connector of a registry id; undefined where this build has none. */
export function connectorOf(provider: string): Connector | undefined {
  return byId.get(provider)
}

export const connectors: readonly Connector[] = registry
