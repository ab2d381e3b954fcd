// Preloaded into a process (NODE_OPTIONS=--import): each write that must reach the disk takes the milliseconds that stand in SLOW_DISK.
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

const probe = await open('/dev/null')
const handle = Object.getPrototypeOf(probe)
await probe.close()

// Segments are written through (O_DSYNC): their `writev` is their fsync.
for (const name of ['datasync', 'sync', 'writev']) {
  const real = handle[name]
  handle[name] = async function (...rest) {
    const ms = Number(readFileSync(process.env.SLOW_DISK, 'utf8'))
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    return real.apply(this, rest)
  }
}
