import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { SettingRefused, Settings } from '@app/config'
import { Tasks, UnknownTask } from '@app/jobs'
import { databaseAtHand } from '../../platform/src/database-at-hand.ts'
import { createLog, NestLog } from '../../platform/src/log.ts'
import { PlatformModule } from '../../platform/src/platform.module.ts'

/** `npm run task -- NAME`: a scheduled task by hand, beside a running platform or alone. */
async function main(name: string | undefined): Promise<number> {
  // This process does nothing else: no schedule of its own.
  const settings = Settings.read()
  const log = createLog('warn')
  const database = await databaseAtHand(settings, () => undefined, true)
  try {
    process.env.ROLES = 'api'
    const app = await NestFactory.createApplicationContext(PlatformModule.at(database.url), {
      logger: new NestLog(log),
    })
    try {
      const tasks = app.get(Tasks)
      if (name === undefined) {
        process.stderr.write(`Usage: npm run task -- NAME, one of: ${tasks.names().join(', ')}\n`)
        return 1
      }
      const outcome = await tasks.run(name)
      process.stdout.write(
        outcome === null ? `${name}: another process is at it\n` : `${name}: ${JSON.stringify(outcome)}\n`,
      )
      return 0
    } finally {
      await app.close()
    }
  } finally {
    await database.release()
  }
}

main(process.argv[2]).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof SettingRefused || error instanceof UnknownTask ? error.message : String(error)}\n`,
    )
    process.exit(1)
  },
)
