// Builds an app when what it is made of is newer than what was built, and tells where it lies.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export function built(app) {
  const file = join(root, 'dist', 'apps', app, 'main.js')
  const made = existsSync(file) ? statSync(file).mtimeMs : 0
  const sources = ['apps', 'libs', 'rspack.config.js', 'tsconfig.json', 'nest-cli.json', 'package-lock.json']
  if (sources.some((source) => newest(join(root, source)) > made)) {
    const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js')
    const { status, stdout, stderr } = spawnSync(process.execPath, [nest, 'build', app], {
      cwd: root,
      encoding: 'utf8',
    })
    if (status !== 0) {
      process.stderr.write(`${stdout}${stderr}\nThe build failed.\n`)
      process.exit(1)
    }
  }
  return file
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** `npm run` finds the project's own Node first; called in another way with an older one, start again with it. */
export function inOwnNode() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return
  const own = join(root, 'node_modules', '.bin', 'node')
  const { status } = spawnSync(own, process.argv.slice(1), { stdio: 'inherit' })
  process.exit(status ?? 1)
}
