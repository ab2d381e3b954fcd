import { pathToFileURL } from 'node:url'
import { built, inOwnNode } from './built.mjs'

inOwnNode()

// npm hands SIGTERM to the shell between it and us, which ends without telling anybody: an orphan stops in order.
const parent = process.ppid
const watch = setInterval(() => {
  if (!process.env.npm_lifecycle_event || process.ppid === parent) return
  clearInterval(watch)
  process.kill(process.pid, 'SIGTERM')
}, 250).unref()

// In this very process: signals reach the platform directly.
await import(pathToFileURL(built('platform')).href)
