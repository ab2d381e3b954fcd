import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder that holds `migrations/` and `package.json`, wherever the built file lies below it. */
export function projectRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'migrations')) && existsSync(join(folder, 'package.json'))) return folder
  }
  throw new Error('The folder "migrations" is missing beside the platform. Start it from a whole checkout.')
}
