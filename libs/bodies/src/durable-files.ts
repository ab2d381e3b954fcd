import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** How a file is opened; a test hands in one whose disk is full, short or stuck. */
export type OpenFile = typeof open

/** A new, empty file. Refuses a name that is taken. Its name survives a crash only after {@link syncFolder}. */
export async function createFile(path: string, openFile: OpenFile, flags = 0): Promise<FileHandle> {
  await makeFolder(dirname(path))
  return openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | flags, 0o600)
}

/**
 * With this flag a write returns when its data are on disk: one trip to a thread instead of two. Zero where the
 * system's own promise is weaker than `datasync` (macOS leaves them in the drive's cache) or there is no such flag.
 */
export const WRITES_THROUGH = process.platform === 'linux' ? constants.O_DSYNC : 0

/** Makes a folder and whatever lacks above it, each made durable in its parent. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
