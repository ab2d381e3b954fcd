import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders for DATA_DIR, with a blank in the path; `remove` takes the databases that root's lie elsewhere with them. */
export function dataDirs(): { make(parent?: string): string; remove(): void } {
  const folders: string[] = []
  return {
    make: (parent = tmpdir()) => {
      const folder = mkdtempSync(join(parent, 'wasl process '))
      folders.push(folder)
      return folder
    },
    remove: () => {
      for (const folder of folders) {
        try {
          rmSync(realpathSync(join(folder, 'postgres')), { recursive: true, force: true })
        } catch {
          // It never got so far.
        }
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}
