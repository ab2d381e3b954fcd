import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { refusedStart } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

const KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`
const folders = dataDirs()
let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(async () => {
  await database.drop()
  folders.remove()
})

const refused = (environment: Record<string, string>) =>
  refusedStart({ DATA_DIR: folders.make(), DATABASE_URL: database.url, PORT: '0', ...environment })

const somewhere = (change: (url: URL) => void): string => {
  const url = new URL(process.env.TEST_DATABASE_URL ?? '')
  change(url)
  return url.href
}

describe('a start is refused in one line that names the variable, what is wrong, and an example', () => {
  // Every other variable: test/soak/settings.soak-spec.ts, and libs/config without a process.
  test.each<[string, string, string, Record<string, string>?]>([
    ['HOST', '203.0.113.9', 'no address of this machine (EADDRNOTAVAIL)'],
    ['PORT', '65536', 'not a whole number from 0 to 65535'],
    ['DATABASE_URL', 'postgres://127.0.0.1:1/x', 'an address at which no PostgreSQL listens (ECONNREFUSED)'],
    [
      'DATABASE_URL',
      somewhere((url) => (url.password = 'nonsense')),
      'refused by the server: the password or the user is wrong (28P01)',
    ],
    [
      'DATABASE_URL',
      somewhere((url) => (url.pathname = '/nowhere')),
      'a database that does not exist (3D000)',
    ],
    ['DATA_DIR', '/dev/null/wasl', 'not a folder that this process may use (ENOTDIR)'],
    [
      'ADMIN_API_KEY',
      '',
      'not set, and production refuses a generated one',
      { NODE_ENV: 'production', ENCRYPTION_KEYS: KEYS },
    ],
    [
      'ENCRYPTION_KEYS',
      '',
      'not set, and production refuses a generated one',
      { NODE_ENV: 'production', ADMIN_API_KEY: 'x'.repeat(32) },
    ],
  ])('%s=%s', async (name, value, wrong, others = {}) => {
    const { code, lines } = await refused({ ...others, [name]: value })
    expect(lines).toEqual([expect.stringContaining(`${name} is ${wrong}. Example: ${name}=`)])
    expect(code).toBe(1)
  })
})

test('a port that is taken: one line', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  const { code, lines } = await refused({ PORT: String(port) }).finally(() => taken.close())
  expect([code, lines]).toEqual([
    1,
    [`PORT ${port} is taken by another program. Example: PORT=3001 npm start`],
  ])
})

test("a key file that others may read, a file in the folder's place: one line", async () => {
  const open = folders.make()
  writeFileSync(join(open, 'admin-key'), 'x'.repeat(40), { mode: 0o644 })
  expect((await refused({ DATA_DIR: open })).lines).toEqual([
    expect.stringMatching(/^DATA_DIR is open to other users \(.*admin-key must have mode 0600\)\. Example: /),
  ])
  const file = join(folders.make(), 'file')
  writeFileSync(file, '')
  expect((await refused({ DATA_DIR: file })).lines).toEqual([
    'DATA_DIR is not a folder that this process may use (EEXIST). Example: DATA_DIR=/var/lib/wasl',
  ])
})

const isRoot = process.getuid?.() === 0
;(isRoot ? describe : describe.skip)('one DATA_DIR, two users (asked as root only)', () => {
  const NOBODY = { uid: 65_534, gid: 65_534 }

  test("root on a plain user's database: one line", async () => {
    const folder = folders.make()
    mkdirSync(join(folder, 'postgres'), { mode: 0o700 })
    for (const path of [folder, join(folder, 'postgres')]) chownSync(path, NOBODY.uid, NOBODY.gid)
    expect((await refused({ DATA_DIR: folder, DATABASE_URL: '' })).lines).toEqual([
      `This DATA_DIR (${folder}) was begun by the user with the id 65534. Start Wasl as that user, or give it a DATA_DIR of its own.`,
    ])
  })
})
