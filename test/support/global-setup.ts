import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedPostgres } from '../../libs/database/src/embedded/embedded-postgres.ts'

/** One PostgreSQL for the whole run; a database per test file is cloned from a migrated template (see database.ts). */
export default async function setUp(): Promise<void> {
  if (process.env.TEST_DATABASE_URL) return
  const dataDir = mkdtempSync(join(tmpdir(), 'wasl-test-'))
  // Speed only: these databases need not survive the machine. The platform under test asks for its own guarantees.
  const server = await EmbeddedPostgres.start({ dataDir, settings: { fsync: 'off', max_connections: '200' } })
  process.env.TEST_DATABASE_URL = server.url.replace(/\/wasl$/, '/postgres')
  Object.assign(globalThis, { waslTestServer: { server, dataDir } })
}
