import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ended, eventually, type RunningProcess, startProcess } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { githubSignature } from '../support/makers.ts'
import { Shop } from '../support/shop.ts'

const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const folders = dataDirs()
let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(async () => {
  await database.drop()
  folders.remove()
})

const started = (): Promise<RunningProcess> =>
  startProcess({
    DATA_DIR: folders.make(),
    DATABASE_URL: database.url,
    ADMIN_API_KEY: ADMIN,
    ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
    PORT: '0',
  })

/** A delivery whose second half has not been sent yet. */
async function halfDelivered(url: string, shop: Shop, body: string): Promise<ClientRequest> {
  const sent = request(url + shop.path, {
    method: 'POST',
    headers: {
      'x-hub-signature-256': githubSignature('a webhook secret', body),
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    },
  })
  sent.flushHeaders()
  await once(sent, 'continue') // The platform has it in its hands.
  sent.write(body.slice(0, 4))
  return sent
}

test('SIGTERM: not ready at once, what is in flight is finished and kept, exit 0', async () => {
  const platform = await started()
  const shop = await Shop.open(platform.url, ADMIN)
  const body = 'the rest comes late'
  const sent = await halfDelivered(platform.url, shop, body)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ready = (): Promise<number> =>
    new Promise((resolve) => {
      request(`${platform.url}/health/ready`, { agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      })
        .on('error', () => resolve(0)) // Nobody is let in any more.
        .end()
    })
  expect(await ready()).toBe(200)

  const since = performance.now()
  platform.child.kill('SIGTERM')
  const { answer: status } = await eventually(ready, (code) => code !== 200, 2_000)
  expect([0, 503]).toContain(status)
  expect(platform.child.exitCode).toBe(null)

  sent.end(body.slice(4))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const text = (await answer.setEncoding('utf8').toArray()).join('')
  expect(answer.statusCode).toBe(200)
  expect(await ended(platform.child)).toBe(0)
  expect(performance.now() - since).toBeLessThan(15_000)
  agent.destroy()

  const next = await started()
  const { event_id: event } = JSON.parse(text) as { event_id: string }
  expect((await shop.get(next.url, `/events/${event}`)).body).toMatchObject({ id: event })
  next.child.kill('SIGKILL')
  await ended(next.child)
}, 60_000)

test('a second signal ends it now, whatever is in flight', async () => {
  const platform = await started()
  const shop = await Shop.open(platform.url, ADMIN)
  const sent = await halfDelivered(platform.url, shop, 'never finished')
  sent.on('error', () => undefined)
  platform.child.kill('SIGTERM')
  await eventually(
    () =>
      fetch(`${platform.url}/health/ready`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status !== 200,
    2_000,
  )
  expect(platform.child.exitCode).toBe(null)
  const since = performance.now()
  platform.child.kill('SIGTERM')
  expect(await ended(platform.child)).toBe(1)
  expect(performance.now() - since).toBeLessThan(2_000)
}, 60_000)
