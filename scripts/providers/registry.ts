import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identifierOf } from './names.ts'

/** `libs/providers/src/registry.ts` as the folders beside it say. */
export function registryOf(root: string): string {
  const folders = foldersOf(root)
  const ids = readdirSync(folders)
    .filter((name) => existsSync(join(folders, name, 'index.ts')))
    .sort()
  const lines = ids.map((id) => `export { ${identifierOf(id)} } from './${id}/index.ts'`)
  return ['// One line a provider, made from the folders by `npm run registry`.', ...lines, ''].join('\n')
}

export function writeRegistry(root: string): void {
  writeFileSync(join(foldersOf(root), 'registry.ts'), registryOf(root))
}

export function foldersOf(root: string): string {
  return join(root, 'libs/providers/src')
}

if (process.argv[1]?.endsWith('registry.ts')) writeRegistry(process.cwd())
