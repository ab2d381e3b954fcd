import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** How a file is opened; a test hands in one whose disk is full, short or stuck. */
export type OpenFile = typeof open

/** A new, empty file whose name survives a crash. Refuses a name that is taken. */
export async function createFile(path: string, openFile: OpenFile): Promise<FileHandle> {
  const folder = dirname(path)
  await makeFolder(folder)
  const file = await openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    await syncFolder(folder)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Gives a written and fsynced draft its name, durably. */
export async function renameFile(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncFolder(dirname(to))
}

/** Makes a folder and whatever lacks above it, each made durable in its parent. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
