import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { OwnDatabase } from '../support/own-database.ts'
import { Shop, Traffic } from '../support/shop.ts'

const folders = dataDirs()
let own: OwnDatabase
let platform: RunningProcess
let shop: Shop
beforeAll(async () => {
  own = await OwnDatabase.start()
  const folder = folders.make()
  platform = await startProcess({ DATA_DIR: folder, DATABASE_URL: own.url, PORT: '0' })
  shop = await Shop.open(platform.url, folder)
}, 60_000)
afterAll(async () => {
  await stopped(platform)
  await own.remove()
  folders.remove()
})

// Longer than targets and keys are remembered (5 s), so that every part of the path misses the database.
test.each([0, 1_000, 8_000])(
  'the database restarts under load, away for %d ms: 503 with Retry-After, nothing lost',
  async (awayMs) => {
    const traffic = new Traffic(shop, () => platform.url).start(32)
    await traffic.more(300)
    const reading = readers()
    await own.stop()
    await new Promise((resolve) => setTimeout(resolve, awayMs)) // The outage itself.
    const since = performance.now()
    await own.start()
    await traffic.more(1)
    const recovered = performance.now() - since
    await traffic.more(300)
    await traffic.stop()
    const read = await reading.stop()

    expect(read.filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(read).toContain(503)
    expect(traffic.answers.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual(
      [],
    )
    expect(traffic.answers.length).toBeGreaterThan(0)
    expect(Math.max(...traffic.answers.map(({ ms }) => ms))).toBeLessThan(5_500)
    expect(traffic.broken).toBe(0)
    expect(recovered).toBeLessThan(5_000)
    for (const [event, { body }] of traffic.acknowledged) {
      expect([event, await shop.bodyOf(platform.url, event)]).toEqual([event, { status: 200, body }])
    }
    const doubled = await own.query('SELECT event_id FROM integration_events GROUP BY 1 HAVING count(*) > 1')
    expect(doubled).toEqual([])
    console.log(
      `away ${awayMs} ms: ${traffic.acknowledged.size} kept, ${traffic.answers.length} × 503, well ${Math.round(recovered)} ms after the start`,
    )
  },
  120_000,
)

/** Callers of the API meanwhile: what they are answered. */
function readers(): { stop(): Promise<number[]> } {
  let stopping = false
  const statuses: number[] = []
  const read = async (path: string): Promise<void> => {
    while (!stopping) statuses.push((await shop.get(platform.url, path)).status)
  }
  const reading = Promise.all(['/events?limit=1', '/connections', '/quarantine'].map(read))
  return {
    stop: async () => {
      stopping = true
      await reading
      return statuses
    },
  }
}
