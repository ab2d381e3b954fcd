import 'reflect-metadata'
import { ADMIN_KEY_FILE, SettingRefused, Settings } from '@app/config'
import { DataDirInUse, DataDirOfAnother } from '@app/database'
import { Readiness } from '@app/http'
import { errorFields, redactText } from '@app/secrets'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Logger } from 'pino'
import { createApp } from './create-app.ts'
import { type DatabaseAtHand, databaseAtHand } from './database-at-hand.ts'
import { createLog, NestLog } from './log.ts'

const REQUESTS_FINISH_WITHIN_MS = 10_000
const STOP_WITHIN_MS = 14_000

/** settings → database → migrations → the parts named in ROLES → listen. */
async function main(): Promise<void> {
  const started = performance.now()
  const settings = Settings.read()
  const log = createLog(settings.get('LOG_LEVEL'))
  const database = await databaseAtHand(settings, (line) => {
    log.debug({ room: 'postgres' }, line)
  })
  try {
    const app = await createApp(database.url, new NestLog(log))
    stopInOrder(app, database, log)
    await app.listen(settings.get('PORT'), settings.get('HOST')).catch((error: NodeJS.ErrnoException) => {
      throw addressRefused(settings, error) ?? error
    })
    greet(settings, await app.getUrl(), log, performance.now() - started)
  } catch (error) {
    await database.release()
    throw error
  }
}

function addressRefused(settings: Settings, { code }: NodeJS.ErrnoException): Error | null {
  if (code === 'EACCES') return settings.refusal('PORT', `one that this user may not open (${code})`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return settings.refusal('HOST', `no address of this machine (${code})`)
  }
  return null
}

/** SIGTERM: not ready at once, requests in flight finish, exit 0; a second signal ends it now. */
function stopInOrder(app: NestFastifyApplication, database: DatabaseAtHand, log: Logger): void {
  let stopping = false
  const stop = (code: number): void => {
    if (stopping) process.exit(1)
    stopping = true
    app.get(Readiness).stop()
    // A caller that never comes to an end must not cost the order of the rest.
    setTimeout(() => app.getHttpServer().closeAllConnections(), REQUESTS_FINISH_WITHIN_MS).unref()
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    void app
      .close()
      .catch((error: unknown) => {
        log.error({ room: 'platform', ...errorFields(error) }, 'stopping was not clean')
      })
      .then(() => database.release())
      .finally(() => process.exit(code))
  }
  process.on('SIGTERM', () => {
    stop(0)
  })
  process.on('SIGINT', () => {
    stop(0)
  })
  database.onLost(() => {
    log.fatal({ room: 'postgres' }, 'the embedded database ended and could not be brought back')
    stop(1)
  })
}

function greet(settings: Settings, url: string, log: Logger, ms: number): void {
  const key = settings.get('ADMIN_API_KEY') === undefined ? settings.dataDir.inside(ADMIN_KEY_FILE) : null
  const lines = [
    `Wasl · وصل listens on ${url} (${(ms / 1_000).toFixed(1)} s)`,
    `API docs: ${url}/docs`,
    key === null ? 'Admin key: as set in ADMIN_API_KEY' : `Admin key: in ${key}`,
    key === null
      ? `Try: curl --oauth2-bearer "$ADMIN_API_KEY" "${url}/v1/payment-providers?capability=mada&country=SA"`
      : `Try: curl --oauth2-bearer "$(cat '${key}')" "${url}/v1/payment-providers?capability=mada&country=SA"`,
  ]
  for (const line of lines) {
    if (process.stdout.isTTY) process.stdout.write(`${line}\n`)
    else log.info({ room: 'platform' }, line)
  }
}

/** The stack, line by line through the redactor: a driver may quote its connection string. */
function inLines(text: string): string {
  return text.split('\n').map(redactText).join('\n')
}

main().catch((error: unknown) => {
  const { code, message } = error as NodeJS.ErrnoException
  const known = [SettingRefused, DataDirInUse, DataDirOfAnother].some((kind) => error instanceof kind)
  if (code === 'EADDRINUSE') {
    process.stderr.write(
      `PORT ${process.env.PORT ?? '3000'} is taken by another program. Example: PORT=3001 npm start\n`,
    )
  } else {
    process.stderr.write(
      `${known ? message : `Wasl could not start: ${inLines(error instanceof Error ? (error.stack ?? message) : String(error))}`}\n`,
    )
  }
  process.exit(1)
})
