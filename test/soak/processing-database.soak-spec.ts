import { afterAll, expect, test } from '@jest/globals'
import { EmbeddedPostgres } from '@app/database'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type Effects, settled } from '../support/effects.ts'
import { OwnDatabase } from '../support/own-database.ts'
import { Shop, Traffic } from '../support/shop.ts'

const TIMES = Number(process.env.SOAK_KILLS ?? 4)
const EACH = Number(process.env.SOAK_EVENTS ?? 2_000)
const PER_SECOND = 800
const folders = dataDirs()
afterAll(() => {
  folders.remove()
})

/** Every acknowledged event once, and only 503s on the way. */
function expectKept(traffic: Traffic, done: Effects & { ms: number }): void {
  const told = traffic.acknowledged.size
  expect(done).toMatchObject({ events: told, completed: told, dead: 0, outgoing: told, origins: told })
  expect(done.ms).toBeLessThan(60_000)
  expect(traffic.answers.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual(
    [],
  )
  expect(traffic.broken).toBe(0)
}
const told = (done: Effects & { ms: number }, times: number): string =>
  `${times} times: ${done.events} events, ${done.outgoing} effects, ${done.lost} attempts lost, at most ${done.attempts} an event, ` +
  `${done.failed} failed otherwise, all done ${(done.ms / 1_000).toFixed(1)} s after the last`

test(
  'an operator’s database is killed under load, with what is processed in its hands: nothing lost, nothing twice',
  async () => {
    const own = await OwnDatabase.start()
    const folder = folders.make()
    const platform = await startProcess({ DATA_DIR: folder, DATABASE_URL: own.url, PORT: '0' })
    try {
      const shop = await Shop.open(platform.url, folder)
      const traffic = new Traffic(shop, () => platform.url, 300).start(48, PER_SECOND)
      const recovered: number[] = []
      for (let n = 0; n < TIMES; n++) {
        await traffic.more(EACH)
        own.kill()
        await traffic.refusal()
        await own.startAgain()
        const since = performance.now()
        await traffic.more(1)
        recovered.push(Math.round(performance.now() - since))
      }
      await traffic.more(EACH)
      await traffic.stop()
      const done = await settled(own.url, 120_000)
      console.log(`own database killed ${told(done, TIMES)}; ingest back after ${recovered.join(', ')} ms`)
      expectKept(traffic, done)
      expect(Math.max(...recovered)).toBeLessThan(5_000)
      expect(await stopped(platform)).toBe(0)
    } finally {
      await stopped(platform)
      await own.remove()
    }
  },
  10 * 60_000,
)

test(
  'the embedded database is killed under load: it is brought back, nothing lost, nothing twice',
  async () => {
    const folder = folders.make()
    const platform = await startProcess({ DATA_DIR: folder, PORT: '0' })
    try {
      const shop = await Shop.open(platform.url, folder)
      const traffic = new Traffic(shop, () => platform.url, 300).start(48, PER_SECOND)
      // Brought back five times in a row at most.
      const times = Math.min(TIMES, 4)
      for (let n = 0; n < times; n++) {
        await traffic.more(EACH)
        const [pid = ''] = readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')
        process.kill(Number(pid), 'SIGKILL')
        await traffic.refusal()
        await traffic.more(1)
      }
      await traffic.more(EACH)
      await traffic.stop()
      const done = await settled(EmbeddedPostgres.runningUrl(folder) ?? '', 120_000)
      console.log(`embedded database killed ${told(done, times)}`)
      expectKept(traffic, done)
      expect(await stopped(platform)).toBe(0)
    } finally {
      await stopped(platform)
    }
  },
  10 * 60_000,
)
