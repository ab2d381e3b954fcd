import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
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
  return HAS_PROC ? lives(String(pid)) : true
}

const HAS_PROC = existsSync('/proc/self/stat')

// A process id may have been given to something else since; and in a container whose first process does not reap,
// a dead server keeps its id for ever.
function lives(pid: string): boolean {
  try {
    return / \(postgres\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** PostgreSQL takes any process that bears the old id for its server; what /proc shows to be dead is cleared away. */
function clearDead({ data }: Home): void {
  const file = join(data, 'postmaster.pid')
  if (!HAS_PROC || !existsSync(file)) return
  // A session may outlive its killed server for a moment; it still writes, so nothing may start beside it.
  const busy = readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && lives(pid) && worksIn(pid, data))
  if (!busy) rmSync(file, { force: true })
}

function worksIn(pid: string, data: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
  } catch {
    return false
  }
}

export async function initialise(home: Home, password: string, durable: boolean): Promise<void> {
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
        // Later checkpoints sync only what they wrote: these files must be on disk before the first promise is made.
        ...(durable ? [] : ['--no-sync']),
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
  clearDead(home)
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
      if (said.includes('ready to accept connections')) resolve()
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
  const stop = (mode: string) =>
    run(join(home.bin, 'pg_ctl'), ['stop', '-D', home.data, '-m', mode, '-w', '-t', '10'], {
      ...home.user,
      cwd: '/',
      env: environment(),
    })
  // One that does not come to an end is cut off; what was committed is in its log and comes back.
  await stop('fast').catch(() => (runningServer(home) ? stop('immediate') : undefined))
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
