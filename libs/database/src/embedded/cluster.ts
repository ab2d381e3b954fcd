import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { emptied, type Home, isInitialised } from './home.ts'

const run = promisify(execFile)

/** What runs over a data directory, as its `postmaster.pid` tells; null where nothing does. */
export interface RunningServer {
  pid: number
  port: number
}

export function runningServer({ data }: Home): RunningServer | null {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n')
  const running = { pid: Number(pid), port: Number(port) }
  return isPostgres(running.pid) && running.port > 0 ? running : null
}

function isPostgres(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  // A process id may have been given to something else since; where /proc tells, it decides.
  const comm = `/proc/${pid}/comm`
  return (
    !existsSync('/proc/self/comm') || (existsSync(comm) && readFileSync(comm, 'utf8').trim() === 'postgres')
  )
}

export async function initialise(home: Home, password: string): Promise<void> {
  if (isInitialised(home)) return
  emptied(home)
  // initdb reads the password from a file, so that it is on no command line.
  const beside = `${home.data}.pw`
  writeFileSync(beside, `${password}\n`, { mode: 0o600 })
  if (home.user) chownSync(beside, home.user.uid, home.user.gid)
  try {
    await run(
      join(home.bin, 'initdb'),
      [
        `--pgdata=${home.data}`,
        '--username=wasl',
        `--pwfile=${beside}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...home.user, cwd: '/', env: environment() },
    )
  } finally {
    rmSync(beside, { force: true })
  }
  writeFileSync(join(home.data, 'wasl-initialised'), 'initdb finished\n')
}

/** Starts a server that listens on loopback only; resolves once it accepts connections. */
export async function startServer(
  home: Home,
  port: number,
  options: { settings?: Readonly<Record<string, string>>; log: (line: string) => void },
): Promise<ChildProcess> {
  const settings = { ...SETTINGS, ...options.settings, port: String(port) }
  const child = spawn(
    join(home.bin, 'postgres'),
    ['-D', home.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // A group of its own: Ctrl-C in a terminal must reach the platform only, which then stops it in order.
    { ...home.user, cwd: '/', env: environment(), stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      text.split('\n').filter(Boolean).forEach(options.log)
      said = (said + text).slice(-4_000)
      if (text.includes('ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      reject(new Error(`PostgreSQL ended while starting (code ${code}): ${said.trim()}`))
    })
  })
  return child
}

/** Ends whatever runs over this data directory: sessions are cut, everything committed is on disk. */
export async function stopServer(home: Home): Promise<void> {
  if (!runningServer(home)) return
  await run(join(home.bin, 'pg_ctl'), ['stop', '-D', home.data, '-m', 'fast', '-w', '-t', '10'], {
    ...home.user,
    cwd: '/',
    env: environment(),
  })
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

// Two cores and some memory are what a small machine has; the rest is PostgreSQL's own default.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  wal_compression: 'on',
  log_min_messages: 'warning',
  lc_messages: 'C',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

function environment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }
}
