import { mkdtempSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedPostgres } from '../../libs/database/src/embedded/embedded-postgres.ts'
import { startContainers } from './containers.ts'

const NO_ENGINE =
  'TEST_INFRA=containers: no Docker engine answers, so these suites are skipped. `npm test` needs none.\n'

/** What the whole run stands on; a database per test file is cloned from a migrated template (see database.ts). */
export default async function setUp(): Promise<void> {
  if (process.env.TEST_DATABASE_URL) return
  if (process.env.TEST_INFRA === 'containers') await setUpContainers()
  else await setUpEmbedded()
}

async function setUpContainers(): Promise<void> {
  const containers = await startContainers()
  if (!containers) {
    writeSync(2, NO_ENGINE)
    process.exit(0)
  }
  Object.assign(process.env, containers.addresses)
  Object.assign(globalThis, { waslTestContainers: containers })
}

async function setUpEmbedded(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wasl-test-'))
  // Speed only: these databases need not survive the machine. The platform under test asks for its own guarantees.
  const server = await EmbeddedPostgres.start({ dataDir, settings: { fsync: 'off', max_connections: '200' } })
  process.env.TEST_DATABASE_URL = server.url.replace(/\/wasl$/, '/postgres')
  Object.assign(globalThis, { waslTestServer: { server, dataDir } })
}
