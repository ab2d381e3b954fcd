// Preloaded into a process (NODE_OPTIONS=--import): each fsync of its files takes the milliseconds that stand in SLOW_DISK.
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

const probe = await open('/dev/null')
const handle = Object.getPrototypeOf(probe)
await probe.close()

for (const name of ['datasync', 'sync']) {
  const real = handle[name]
  handle[name] = async function (...rest) {
    const ms = Number(readFileSync(process.env.SLOW_DISK, 'utf8'))
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    return real.apply(this, rest)
  }
}
