// A registry that mirrors only some platforms makes `npm install` write a lock file without the others, and `npm ci`
// then refuses it. This adds what is missing: optional packages of other platforms, known by their names. Run it after
// `npm install` on such a machine; elsewhere it changes nothing.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const SYSTEMS = [
  'darwin',
  'win32',
  'windows',
  'linux',
  'freebsd',
  'android',
  'openharmony',
  'netbsd',
  'openbsd',
  'sunos',
  'aix',
]
const PROCESSORS = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'wasm32',
  'mips64el',
]

let added = 0
for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`
    if (Object.keys(lock.packages).some((known) => known === path || known.endsWith(`/${path}`))) continue
    const words = name.replace('@', '').split(/[-/]/)
    const os = SYSTEMS.filter((system) => words.includes(system)).map((system) =>
      system === 'windows' ? 'win32' : system,
    )
    const cpu = PROCESSORS.filter((processor) =>
      words.some((word) => word === processor || (processor === 'arm' && /^arm(v7)?$/.test(word))),
    )
    if (os.length + cpu.length === 0) continue
    lock.packages[path] = {
      version: range.replace(/^[\^~]/, ''),
      optional: true,
      ...(os.length && { os }),
      ...(cpu.length && { cpu }),
    }
    added++
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
if (added > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} optional packages added`)
