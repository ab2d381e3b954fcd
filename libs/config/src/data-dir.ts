import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { randomToken } from '@app/secrets'
import { SettingRefused } from './setting.ts'
import { declared } from './declared.ts'

/** The folder of all local state, readable by its owner only. */
export interface DataDir {
  readonly path: string
  inside(...names: string[]): string
}

export const ADMIN_KEY_FILE = 'admin-key'
export const ENCRYPTION_KEYS_FILE = 'encryption-keys'

/** Makes the folder where there is none; one that others may enter is closed to them. */
export function openDataDir(path: string): DataDir {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if ((statSync(path).mode & 0o777) !== 0o700) chmodSync(path, 0o700)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new SettingRefused(
      'DATA_DIR',
      `not a folder that this process may use (${(error as NodeJS.ErrnoException).code})`,
      declared.DATA_DIR.example,
    )
  }
  return { path, inside: (...names) => join(path, ...names) }
}

/** What an operator did not set is made once and kept; a key file that others may read stops the start. */
export function generatedSecrets(
  dataDir: DataDir,
  wanted: { adminKey: boolean; encryptionKeys: boolean },
): { adminKey?: string; encryptionKeys?: string } {
  return {
    ...(wanted.adminKey && { adminKey: keptOnce(dataDir.inside(ADMIN_KEY_FILE), newAdminKey) }),
    ...(wanted.encryptionKeys && {
      encryptionKeys: keptOnce(dataDir.inside(ENCRYPTION_KEYS_FILE), newEncryptionKey),
    }),
  }
}

function newAdminKey(): string {
  return `wasl_admin_${randomToken()}`
}

function newEncryptionKey(): string {
  return `generated-1:${Buffer.from(randomToken(), 'base64url').toString('base64')}`
}

function keptOnce(file: string, make: () => string): string {
  try {
    writeOnce(file, make())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new SettingRefused(
      'DATA_DIR',
      `open to other users (${file} must have mode 0600)`,
      declared.DATA_DIR.example,
    )
  }
  return readFileSync(file, 'utf8').trim()
}

function writeOnce(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600)
  try {
    writeSync(handle, `${text}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
