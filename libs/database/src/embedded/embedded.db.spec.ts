import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { DataDirInUse, EmbeddedPostgres } from './embedded-postgres.ts'
import { holdStart } from './start-hold.ts'

const source = import.meta.dirname
const started: EmbeddedPostgres[] = []
const children: ChildProcess[] = []
const folders: string[] = []
const asRoot = process.getuid?.() === 0

let dataDir = ''
beforeEach(() => {
  dataDir = folder('wasl-embedded-')
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const server of started.splice(0)) await server.stop()
  for (const path of folders.splice(0)) {
    rmSync(serverData(path) ?? path, { recursive: true, force: true })
    rmSync(path, { recursive: true, force: true })
  }
})

describe('a start', () => {
  test('makes a database that is there, with its rows, at the next start', async () => {
    const first = await start(dataDir)
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n')
    await first.stop()
    expect(await ask((await start(dataDir)).url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
  })

  test('listens on loopback only and asks for the password', async () => {
    const { url } = await start(dataDir)
    expect(await ask(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600)
  })

  test('is durable by default', async () => {
    const rows = await ask(
      (await start(dataDir)).url,
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums')",
    )
    expect(rows.map(({ setting }) => setting)).toEqual(['on', 'on', 'on', 'on'])
  })

  test('takes a blank in the path, and a neighbour with data of its own', async () => {
    const other = folder('wasl with a blank-')
    const [one, two] = [await start(dataDir), await start(other)]
    await ask(one.url, 'CREATE TABLE mine ()')
    expect(await ask(two.url, "SELECT to_regclass('mine') AS mine")).toEqual([{ mine: null }])
  })

  test('begins anew where initdb was killed halfway', async () => {
    await (await start(dataDir)).stop()
    started.length = 0
    rmSync(join(realpathSync(join(dataDir, 'postgres')), 'wasl-initialised'))
    rmSync(join(realpathSync(join(dataDir, 'postgres')), 'global'), { recursive: true })
    expect(await ask((await start(dataDir)).url, 'SELECT 1 AS n')).toEqual([{ n: 1 }])
  })
})

describe('one data directory', () => {
  test('is refused to a second platform while the first lives, which keeps its server', async () => {
    const first = await start(dataDir)
    await expect(EmbeddedPostgres.start({ dataDir })).rejects.toThrow(DataDirInUse)
    expect(await ask(first.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }])
  })

  test('has one winner when two first starts race', async () => {
    const outcomes = await Promise.allSettled([start(dataDir), start(dataDir)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: expect.any(DataDirInUse),
    })
  })

  test('is not held for ever by a start that was killed', async () => {
    const dead = spawn('true')
    await once(dead, 'exit')
    writeFileSync(join(dataDir, 'postgres-starting'), String(dead.pid))
    const release = holdStart(dataDir)
    expect(release).not.toBeNull()
    expect(holdStart(dataDir)).toBeNull()
    release?.()
    expect(holdStart(dataDir)).not.toBeNull()
  })

  test('comes back with what was committed after kill -9, its orphan replaced and not doubled', async () => {
    const holder = await holderProcess(source, dataDir)
    await ask(holder.url, 'CREATE TABLE kept AS SELECT 7 AS n')
    const orphan = Number(
      readFileSync(join(realpathSync(join(dataDir, 'postgres')), 'postmaster.pid'), 'utf8').split('\n')[0],
    )
    holder.child.kill('SIGKILL')
    await once(holder.child, 'exit')
    const next = await start(dataDir)
    // In a container whose first process does not reap, a dead one keeps its id.
    expect(liveCommand(orphan)).not.toContain('postgres')
    expect(await ask(next.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
  })

  test('tells a task by hand where the running server is, and nothing once it is stopped', async () => {
    expect(EmbeddedPostgres.runningUrl(dataDir)).toBeNull()
    const server = await start(dataDir)
    expect(EmbeddedPostgres.runningUrl(dataDir)).toBe(server.url)
    await server.stop()
    expect(EmbeddedPostgres.runningUrl(dataDir)).toBeNull()
  })
})

test('a server that dies by itself comes back at the same address', async () => {
  let ready = (): void => undefined
  const server = await start(dataDir, (line) => {
    if (line.includes('ready to accept connections')) ready()
  })
  const again = new Promise<void>((resolve) => {
    ready = resolve
  })
  const pid = readFileSync(join(realpathSync(join(dataDir, 'postgres')), 'postmaster.pid'), 'utf8').split(
    '\n',
  )[0]
  process.kill(Number(pid), 'SIGKILL')
  await again
  expect(await ask(server.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }])
})

const unlessRoot = asRoot ? test : test.skip
unlessRoot('a plain user needs nothing but the folder', async () => {
  const copy = folder('wasl-plain-')
  for (const name of [
    'embedded-postgres',
    '@embedded-postgres',
    'pg',
    'pg-protocol',
    'pg-types',
    'pg-pool',
    'pg-connection-string',
    'pgpass',
    'pg-int8',
    'postgres-array',
    'postgres-bytea',
    'postgres-date',
    'postgres-interval',
    'split2',
    'xtend',
    'async-exit-hook',
  ])
    cpSync(join(source, '../../../../node_modules', name), join(copy, 'node_modules', name), {
      recursive: true,
      verbatimSymlinks: true,
    })
  cpSync(source, join(copy, 'embedded'), { recursive: true })
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
  mkdirSync(join(copy, 'data'))
  // Our own Node may lie in a checkout that nobody else can enter.
  cpSync(process.execPath, join(copy, 'node'))
  execFileSync('chown', ['-R', '65534:65534', copy])
  const holder = await holderProcess(join(copy, 'embedded'), join(copy, 'data'), 65534, join(copy, 'node'))
  expect(await ask(holder.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }])
  expect(statSync(join(copy, 'data', 'postgres')).uid).toBe(65534)
  holder.child.kill('SIGTERM')
  await once(holder.child, 'exit')
  expect(() => statSync(join(copy, 'data', 'postgres', 'postmaster.pid'))).toThrow('ENOENT')
})

function liveCommand(pid: number): string {
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)])
    .stdout.toString()
    .replace(/.*<defunct>/, '')
}

function folder(prefix: string): string {
  const path = mkdtempSync(join(tmpdir(), prefix))
  folders.push(path)
  return path
}

function serverData(path: string): string | null {
  try {
    return realpathSync(join(path, 'postgres'))
  } catch {
    return null
  }
}

async function start(path: string, log?: (line: string) => void): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start({ dataDir: path, ...(log && { log }) })
  started.push(server)
  return server
}

/** A process of its own that holds a server, to be killed; SIGTERM stops the server first. */
async function holderProcess(
  code: string,
  path: string,
  uid?: number,
  node = process.execPath,
): Promise<{ child: ChildProcess; url: string }> {
  const script = `
    const { EmbeddedPostgres } = await import(${JSON.stringify(join(code, 'embedded-postgres.ts'))})
    const server = await EmbeddedPostgres.start({ dataDir: ${JSON.stringify(path)} })
    process.on('SIGTERM', () => server.stop().then(() => process.exit(0)))
    console.log(server.url)
    setInterval(() => undefined, 1000)`
  const child = spawn(node, ['--input-type=module', '--eval', script], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  children.push(child)
  let trouble = ''
  child.stderr?.on('data', (text: Buffer) => (trouble += text.toString()))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()))
    child.once('exit', () => reject(new Error(trouble)))
  })
  return { child, url }
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
