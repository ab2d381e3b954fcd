import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** How a file is opened; a test hands in one whose disk is full, short or stuck. */
export type OpenFile = typeof open

/** A new, empty file. Refuses a name that is taken. Its name survives a crash only after {@link syncFolder}. */
export async function createFile(path: string, openFile: OpenFile): Promise<FileHandle> {
  await makeFolder(dirname(path))
  return openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
}

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
