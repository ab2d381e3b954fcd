import { pathToFileURL } from 'node:url'
import { built, inOwnNode } from './built.mjs'

inOwnNode()
await import(pathToFileURL(built('task')).href)
