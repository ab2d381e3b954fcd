import { join } from 'node:path'
import { projectRoot, SettingRefused, type Settings } from '@app/config'
import { EmbeddedPostgres, Lane, runMigrations } from '@app/database'

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
  const own = settings.get('DATABASE_URL')?.reveal()
  if (own !== undefined) await refuseUnusable(own, settings)
  const given = own ?? (share ? EmbeddedPostgres.runningUrl(settings.dataDir.path) : null)
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

const OLDEST = 15

/** Asked before anything is built on it, so that a wrong address is one line and not a stack. */
async function refuseUnusable(url: string, settings: Settings): Promise<void> {
  const lane = new Lane(url, 'start')
  try {
    const { rows } = await lane.query<{ version: number }>({
      text: "SELECT current_setting('server_version_num')::int / 10000 AS version",
    })
    const version = rows[0]?.version ?? 0
    if (version < OLDEST) {
      throw settings.refusal('DATABASE_URL', `a PostgreSQL ${version}, older than ${OLDEST}`)
    }
  } catch (error) {
    if (error instanceof SettingRefused) throw error
    const code = (error as NodeJS.ErrnoException).code ?? 'no answer'
    throw settings.refusal('DATABASE_URL', `${REASONS[code] ?? 'no PostgreSQL that can be used'} (${code})`)
  } finally {
    await lane.close()
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'an address at which no PostgreSQL listens',
  ENOTFOUND: 'a host that does not exist',
  '28P01': 'refused by the server: the password or the user is wrong',
  '28000': 'refused by the server: this user may not log in from here',
  '3D000': 'a database that does not exist',
}
