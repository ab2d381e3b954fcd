import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { installedBinaries, reachableCopy, versionOf } from './binaries.ts'

/** Where a server lives and as whom it runs. */
export interface Home {
  data: string
  bin: string
  user: { uid: number; gid: number } | undefined
}

/** Begun by a plain user, whose server would not start for root, and whose files root would mix with its own. */
export class DataDirOfAnother extends Error {
  constructor(dataDir: string, uid: number) {
    super(
      `This DATA_DIR (${dataDir}) was begun by the user with the id ${uid}. Start Wasl as that user, or give it a DATA_DIR of its own.`,
    )
    this.name = 'DataDirOfAnother'
  }
}

const OUTSIDE = '/var/lib/wasl'

/**
 * A plain user's data lie in `DATA_DIR/postgres`. PostgreSQL refuses to run as root, and nobody else may enter
 * DATA_DIR; so root's lie in a folder of the user `postgres` below /var/lib/wasl, linked from `DATA_DIR/postgres`.
 */
export function homeOf(dataDir: string): Home {
  const link = join(dataDir, 'postgres')
  if (process.getuid?.() !== 0) return { data: link, bin: join(installedBinaries(), 'bin'), user: undefined }
  const user = postgresUser()
  const binaries = installedBinaries()
  const bin = join(reachableCopy(binaries, OUTSIDE, versionOf(binaries)), 'bin')
  if (existsSync(link)) {
    const data = realpathSync(link)
    if (statSync(data).uid !== user.uid) throw new DataDirOfAnother(dataDir, statSync(data).uid)
    return { data, bin, user }
  }
  if (isLink(link)) rmSync(link)
  chmodSync(OUTSIDE, 0o755)
  const data = mkdtempSync(join(OUTSIDE, 'data-'))
  chownSync(data, user.uid, user.gid)
  symlinkSync(data, link)
  return { data, bin, user }
}

/** A cluster is there once initdb has finished; what it left halfway is removed. */
export function isInitialised({ data }: Home): boolean {
  return existsSync(join(data, 'PG_VERSION')) && existsSync(join(data, 'wasl-initialised'))
}

export function emptied(home: Home): void {
  rmSync(home.data, { recursive: true, force: true })
  mkdirSync(home.data, { mode: 0o700 })
  if (home.user) chownSync(home.data, home.user.uid, home.user.gid)
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function postgresUser(): { uid: number; gid: number } {
  const known = lookUp()
  if (known) return known
  try {
    execFileSync('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/bin/false',
      'postgres',
    ])
  } catch {
    throw new Error(
      'PostgreSQL does not run as root, and the user "postgres" could not be made. Start Wasl as a plain user, or set DATABASE_URL.',
    )
  }
  const made = lookUp()
  if (!made) throw new Error('The user "postgres" was made but cannot be found in /etc/passwd.')
  return made
}

function lookUp(): { uid: number; gid: number } | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : null
}
