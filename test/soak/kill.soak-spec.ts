import { afterAll, expect, test } from '@jest/globals'
import { EmbeddedPostgres } from '@app/database'
import { ended, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { sql } from '../support/database.ts'
import { Shop, Traffic } from '../support/shop.ts'

const TIMES = Number(process.env.SOAK_KILLS ?? 10)
const folders = dataDirs()
afterAll(() => {
  folders.remove()
})

test(`${TIMES} × kill -9 under load: whatever was acknowledged is there, once, with its exact bytes`, async () => {
  const folder = folders.make()
  let platform = await startProcess({ DATA_DIR: folder, PORT: '0' })
  const shop = await Shop.open(platform.url, folder)
  const traffic = new Traffic(shop, () => platform.url).start(32)
  for (let n = 0; n < TIMES; n++) {
    await traffic.more(200 + Math.floor(Math.random() * 300))
    platform.child.kill('SIGKILL')
    await ended(platform.child)
    platform = await startProcess({ DATA_DIR: folder, PORT: '0' })
  }
  await traffic.more(200)
  await traffic.stop()

  for (const [event, { body }] of traffic.acknowledged) {
    expect([event, await shop.bodyOf(platform.url, event)]).toEqual([event, { status: 200, body }])
  }
  const url = EmbeddedPostgres.runningUrl(folder) ?? ''
  const events = await sql<{ id: string; event_id: string }>(
    url,
    'SELECT id, event_id FROM integration_events',
  )
  // Senders came again until they were heard, so there is exactly one event a delivery, and it is the one they were told.
  expect(new Set(events.map(({ id }) => id))).toEqual(new Set(traffic.acknowledged.keys()))
  expect(new Set(events.map(({ event_id: id }) => id)).size).toBe(events.length)
  expect(traffic.answers.map(({ status }) => status).filter((status) => status !== 503)).toEqual([])
  expect(traffic.broken).toBeGreaterThan(TIMES)
  console.log(
    `${TIMES} kills: ${events.length} events, ${traffic.broken} broken requests, none lost, none doubled`,
  )
  expect(await stopped(platform)).toBe(0)
}, 300_000)
