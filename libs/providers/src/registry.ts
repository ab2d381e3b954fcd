// One line a provider; each is a folder beside this file.
import type { Connector } from '@app/connector-kit'
import { github } from './github/index.ts'
import { tapPayments } from './tap_payments/index.ts'

export const registry: readonly Connector[] = [github, tapPayments]
