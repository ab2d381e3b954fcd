// Preloaded into a process (--import): runs our TypeScript as it stands, decorators and all, as the tests themselves run it.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transformSync } from '@swc/core'

const root = new URL('../../', import.meta.url)
const { paths } = JSON.parse(readFileSync(new URL('tsconfig.json', root), 'utf8')).compilerOptions

registerHooks({
  resolve(name, context, next) {
    const [room] = paths[name] ?? []
    return next(room ? pathToFileURL(fileURLToPath(new URL(room, root))).href : name, context)
  },
  load(url, context, next) {
    if (!url.endsWith('.ts') || url.includes('/node_modules/')) return next(url, context)
    const filename = fileURLToPath(url)
    const { code: source } = transformSync(readFileSync(filename, 'utf8'), {
      filename,
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
      module: { type: 'es6' },
      sourceMaps: 'inline',
      swcrc: false,
    })
    return { format: 'module', source, shortCircuit: true }
  },
})
