import { join } from 'node:path'
import { projectRoot, type Settings } from '@app/config'
import { EmbeddedPostgres, runMigrations } from '@app/database'

export interface DatabaseAtHand {
  url: string
  /** Ends what was started for us; a given or a running server stays. */
  release(): Promise<void>
  onLost(listener: () => void): void
}

/** The database of `DATABASE_URL`, or the embedded one, migrated. A task by hand shares the server of a running platform. */
export async function databaseAtHand(
  settings: Settings,
  log: (line: string) => void,
  share = false,
): Promise<DatabaseAtHand> {
  const at = await found(settings, log, share)
  try {
    await runMigrations(at.url, join(projectRoot(), 'migrations'))
  } catch (error) {
    await at.release()
    throw error
  }
  return at
}

async function found(
  settings: Settings,
  log: (line: string) => void,
  share: boolean,
): Promise<DatabaseAtHand> {
  const given =
    settings.get('DATABASE_URL')?.reveal() ??
    (share ? EmbeddedPostgres.runningUrl(settings.dataDir.path) : null)
  if (given !== null) return { url: given, release: () => Promise.resolve(), onLost: () => undefined }
  const server = await EmbeddedPostgres.start({ dataDir: settings.dataDir.path, log })
  return {
    url: server.url,
    release: () => server.stop(),
    onLost: (listener) => {
      server.onLost(listener)
    },
  }
}
