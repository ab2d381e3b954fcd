import 'reflect-metadata'
import { connectorOf } from '@app/providers'
import { createApp } from '../../apps/platform/src/create-app.ts'
import { createLog, NestLog } from '../../apps/platform/src/log.ts'
import { told, upstairs, UpstairsModule } from './upstairs.ts'

/**
 * The platform as a process of its own (`node --import test/support/typescript.mjs`), in which a push to `poison/throw`
 * cannot be read, one to `poison/hang` never comes to an end, and one to `poison/kill` ends the process.
 */
upstairs.react = (unit, fact) => {
  switch (fact.observation.ref) {
    case 'poison/kill':
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => undefined)
    case 'poison/hang':
      return new Promise(() => undefined)
    default:
      return told(unit, fact)
  }
}

const webhooks = connectorOf('github')?.webhooks
if (!webhooks) throw new Error('there is no GitHub in this build')
const { normalise } = webhooks
webhooks.normalise = (delivery) => {
  const observations = normalise(delivery)
  if (observations.some(({ ref }) => ref === 'poison/throw')) throw new Error('it cannot be read')
  return observations
}

const app = await createApp(process.env.DATABASE_URL ?? '', new NestLog(createLog('warn')), [UpstairsModule])
process.on('SIGTERM', () => {
  void app.close().finally(() => process.exit(0))
})
await app.listen(0, '127.0.0.1')
console.log(`listens on ${await app.getUrl()}`)
