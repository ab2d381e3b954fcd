import { realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EmbeddedPostgres } from '../../libs/database/src/embedded/embedded-postgres.ts'

export default async function tearDown(): Promise<void> {
  const started = (globalThis as { waslTestServer?: { server: EmbeddedPostgres; dataDir: string } })
    .waslTestServer
  if (!started) return
  await started.server.stop()
  rmSync(realpathSync(join(started.dataDir, 'postgres')), { recursive: true, force: true })
  rmSync(started.dataDir, { recursive: true, force: true })
}
