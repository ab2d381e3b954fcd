import { pathToFileURL } from 'node:url'
import { built, inOwnNode } from './built.mjs'

inOwnNode()
// In this very process: signals reach the platform directly.
await import(pathToFileURL(built('platform')).href)
