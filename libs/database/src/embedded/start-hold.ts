import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

// No start takes this long; a hold as old as this was left behind, whoever bears its process id now.
const STALE_MS = 60_000

/**
 * One start at a time over a DATA_DIR: until the server runs there is no lock in it to hold, and two first starts
 * would empty each other's data. Returns how to let go; null while another process holds it.
 */
export function holdStart(dataDir: string): (() => void) | null {
  const file = join(dataDir, 'postgres-starting')
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const handle = openSync(file, 'wx', 0o600)
      writeSync(handle, String(process.pid))
      closeSync(handle)
      return () => {
        rmSync(file, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (!isStale(file)) return null
      rmSync(file, { force: true })
    }
  }
  return null
}

function isStale(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return true
  if (Date.now() - stat.mtimeMs > STALE_MS) return true
  const pid = Number(readFileSync(file, 'utf8'))
  // Just made, its number not yet in it: somebody is at it.
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
