import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { freePort, initialise, runningServer, startServer, stopServer } from './cluster.ts'
import { type Home, homeOf } from './home.ts'
import { holdStart } from './start-hold.ts'

export interface EmbeddedOptions {
  /** `DATA_DIR`: the server's data lie below it, or are linked from it. */
  dataDir: string
  log?: (line: string) => void
  settings?: Readonly<Record<string, string>>
}

/** Another live platform uses this DATA_DIR. */
export class DataDirInUse extends Error {
  constructor(dataDir: string) {
    super(
      `Another Wasl runs with this DATA_DIR (${dataDir}). Stop it, or give this one a DATA_DIR of its own.`,
    )
    this.name = 'DataDirInUse'
  }
}

const OWNER_LOCK = 7_415_307_401
const RESTARTS = 5
// A server that ran this long was well; its next end is counted anew.
const LONG_ENOUGH_MS = 60_000

/**
 * PostgreSQL from npm, run as a child of the platform. An orphan that a killed platform left behind is stopped and
 * started anew, so that there is never a second server over the same data, and the one there is has a supervisor.
 */
export class EmbeddedPostgres {
  readonly #home: Home
  readonly #options: EmbeddedOptions
  readonly #password: string
  readonly #port: number
  #child: ChildProcess | null = null
  #owner: pg.Client | null = null
  #stopping = false
  #onLost: () => void = () => undefined
  #restarts = 0

  private constructor(home: Home, options: EmbeddedOptions, password: string, port: number) {
    this.#home = home
    this.#options = options
    this.#password = password
    this.#port = port
  }

  static async start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const release = holdStart(options.dataDir)
    if (!release) throw new DataDirInUse(options.dataDir)
    try {
      const { home, password } = prepared(options.dataDir)
      const orphan = runningServer(home)
      if (orphan) {
        await refuseIfOwned(urlOf(password, orphan.port, 'postgres'), options.dataDir)
        await stopServer(home)
      }
      await initialise(home, password, options.settings?.fsync !== 'off')
      const embedded = new EmbeddedPostgres(home, options, password, await freePort())
      await embedded.#launch()
      return embedded
    } finally {
      release()
    }
  }

  /** For a task run by hand: the address of the server that a platform runs at this moment, if one does. */
  static runningUrl(dataDir: string): string | null {
    if (!existsSync(join(dataDir, 'postgres-password'))) return null
    const { home, password } = prepared(dataDir)
    const running = runningServer(home)
    return running ? urlOf(password, running.port, 'wasl') : null
  }

  get url(): string {
    return urlOf(this.#password, this.#port, 'wasl')
  }

  /** Called when the server ended by itself and could not be brought back. */
  onLost(listener: () => void): void {
    this.#onLost = listener
  }

  /** Once: by a second call the data directory may have another server, which is not ours to end. */
  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    await this.#owner?.end().catch(() => undefined)
    await stopServer(this.#home)
  }

  async #launch(): Promise<void> {
    const log = this.#options.log ?? (() => undefined)
    this.#child = await startServer(this.#home, this.#port, {
      log,
      ...(this.#options.settings && { settings: this.#options.settings }),
    })
    this.#child.unref()
    try {
      this.#owner = await ownerConnection(urlOf(this.#password, this.#port, 'postgres'))
    } catch (error) {
      await stopServer(this.#home)
      throw error
    }
    const since = Date.now()
    const ended = (): void => {
      if (Date.now() - since > LONG_ENOUGH_MS) this.#restarts = 0
      void this.#revive()
    }
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.once('exit', ended)
    else ended()
  }

  async #revive(): Promise<void> {
    while (!this.#stopping && this.#restarts < RESTARTS) {
      this.#restarts += 1
      try {
        await stopServer(this.#home)
        await this.#launch()
        // `stop()` may have been asked for while there was nothing to stop.
        if (this.#stopping) await stopServer(this.#home)
        return
      } catch (error) {
        this.#options.log?.(`bringing PostgreSQL back failed: ${String(error)}`)
        await new Promise((resolve) => setTimeout(resolve, 250 * this.#restarts))
      }
    }
    if (!this.#stopping) this.#onLost()
  }
}

function prepared(dataDir: string): { home: Home; password: string } {
  const file = join(dataDir, 'postgres-password')
  if (!existsSync(file))
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  return { home: homeOf(dataDir), password: readFileSync(file, 'utf8').trim() }
}

function urlOf(password: string, port: number, database: string): string {
  return `postgres://wasl:${password}@127.0.0.1:${port}/${database}`
}

/** A platform that lives holds this lock on a connection of its own; it goes with the process. */
async function ownerConnection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('SELECT pg_advisory_lock($1)', [OWNER_LOCK])
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'wasl'")
  if (rowCount === 0) await client.query('CREATE DATABASE wasl')
  return client
}

async function refuseIfOwned(url: string, dataDir: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch {
    return // It does not answer: an orphan in a bad way, to be stopped.
  }
  try {
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [
      OWNER_LOCK,
    ])
    if (!rows[0]?.free) throw new DataDirInUse(dataDir)
  } finally {
    await client.end()
  }
}
