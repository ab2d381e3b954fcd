import { realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EmbeddedPostgres } from '../../libs/database/src/embedded/embedded-postgres.ts'
import type { Containers } from './containers.ts'

export default async function tearDown(): Promise<void> {
  const { waslTestServer: started, waslTestContainers: containers } = globalThis as {
    waslTestServer?: { server: EmbeddedPostgres; dataDir: string }
    waslTestContainers?: Containers
  }
  await containers?.stop()
  if (!started) return
  await started.server.stop()
  rmSync(realpathSync(join(started.dataDir, 'postgres')), { recursive: true, force: true })
  rmSync(started.dataDir, { recursive: true, force: true })
}
