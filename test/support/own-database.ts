import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  freePort,
  initialise,
  runningServer,
  startServer,
  stopServer,
} from '../../libs/database/src/embedded/cluster.ts'
import { type Home, homeOf } from '../../libs/database/src/embedded/home.ts'
import { sql } from './database.ts'

const PASSWORD = 'of the tests'

/** A PostgreSQL that one test may stop and start again at the same address, as an operator's own server would be. */
export class OwnDatabase {
  private constructor(
    private readonly folder: string,
    private readonly home: Home,
    private readonly port: number,
  ) {}

  static async start(): Promise<OwnDatabase> {
    const folder = mkdtempSync(join(tmpdir(), 'wasl-own-'))
    const home = homeOf(folder)
    await initialise(home, PASSWORD, true)
    const own = new OwnDatabase(folder, home, await freePort())
    await own.start()
    return own
  }

  get url(): string {
    return `postgres://wasl:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/postgres`
  }

  async start(): Promise<void> {
    const server = await startServer(this.home, this.port, { log: () => undefined })
    server.unref()
  }

  /** After a kill: as often as it takes until nothing of the killed one is left. */
  async startAgain(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.start()
        return
      } catch (error) {
        if (tries === 50) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  async stop(): Promise<void> {
    await stopServer(this.home)
  }

  /** As a power cut would: nothing is written any more. Its sessions end when they notice. */
  kill(): void {
    const running = runningServer(this.home)
    if (running) process.kill(running.pid, 'SIGKILL')
  }

  query<T extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    return sql<T>(this.url, text, values)
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(realpathSync(this.home.data), { recursive: true, force: true })
    rmSync(this.folder, { recursive: true, force: true })
  }
}
