// Generated from the folders by scripts/generate-registry.ts; a test asks that it is up to date.
import type { Connector } from '@app/connector-kit'
import { github } from './github/index.ts'
import { tapPayments } from './tap_payments/index.ts'

export const registry: readonly Connector[] = [github, tapPayments]
