import { afterAll, expect, test } from '@jest/globals'
import { EmbeddedPostgres } from '@app/database'
import { ended, type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { sql } from '../support/database.ts'
import { settled } from '../support/effects.ts'
import { Shop, Traffic } from '../support/shop.ts'

const KILLS = Number(process.env.SOAK_KILLS ?? 5)
const EVENTS = Number(process.env.SOAK_EVENTS ?? 20_000)
const PER_SECOND = 1_000
const READ_BACK = 2_000
/** A lease, the rescuer's interval, and a little for the machine: what a crashed worker had is taken up within a minute. */
const TAKEN_UP_WITHIN_MS = 60_000

const folders = dataDirs()
let platform: RunningProcess
afterAll(async () => {
  await stopped(platform)
  folders.remove()
})

test(
  `${KILLS} × kill -9 while ${EVENTS} deliveries are taken and processed: none lost, each with one effect`,
  async () => {
    const folder = folders.make()
    const start = (): Promise<RunningProcess> => startProcess({ DATA_DIR: folder, PORT: '0' })
    platform = await start()
    const shop = await Shop.open(platform.url, folder)
    const began = performance.now()
    const traffic = new Traffic(shop, () => platform.url, 300).start(64, PER_SECOND)
    let upMs = 0
    for (let n = 0; n < KILLS; n++) {
      const up = performance.now()
      // Anywhere within its share, so that no step of the work is spared.
      await traffic.more(Math.ceil((EVENTS / KILLS) * (0.5 + Math.random() / 2)))
      platform.child.kill('SIGKILL')
      upMs += performance.now() - up
      await ended(platform.child)
      platform = await start()
    }
    const perSecond = (traffic.acknowledged.size / upMs) * 1_000
    await traffic.more(Math.max(200, EVENTS - traffic.acknowledged.size))
    await traffic.stop()
    const seconds = (performance.now() - began) / 1_000

    const url = EmbeddedPostgres.runningUrl(folder) ?? ''
    const done = await settled(url, TAKEN_UP_WITHIN_MS + 30_000)
    const told = traffic.acknowledged.size
    expect(told).toBeGreaterThanOrEqual(EVENTS)
    // Senders came again until they were heard, so there is exactly one event a delivery, and it is the one they were told.
    const kept = await sql<{ id: string }>(url, 'SELECT id FROM integration_events')
    expect(kept.filter(({ id }) => !traffic.acknowledged.has(id))).toEqual([])
    expect(done).toMatchObject({ events: told, completed: told, dead: 0, outgoing: told, origins: told })
    expect(done.ms).toBeLessThan(TAKEN_UP_WITHIN_MS)
    expect(done.counted).toBeLessThanOrEqual(told)
    const ids = [...traffic.acknowledged]
    const step = Math.max(1, Math.floor(ids.length / READ_BACK))
    for (const [event, { body }] of ids.filter((_, n) => n % step === 0))
      expect([event, await shop.bodyOf(platform.url, event)]).toEqual([event, { status: 200, body }])
    expect(traffic.answers.map(({ status }) => status).filter((status) => status !== 503)).toEqual([])
    console.log(
      `${KILLS} kills in ${seconds.toFixed(0)} s: ${told} acknowledged (${perSecond.toFixed(0)} a second while it was up), ${done.completed} processed, ${done.outgoing} effects, ` +
        `${done.lost} attempts lost with their worker, at most ${done.attempts} an event, ${done.failed} failed otherwise, ` +
        `${done.counted} counted, all done ${(done.ms / 1_000).toFixed(1)} s after the last; ${traffic.broken} broken requests`,
    )
    expect(await stopped(platform)).toBe(0)
  },
  60 * 60_000,
)
