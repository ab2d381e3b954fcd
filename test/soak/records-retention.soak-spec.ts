import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ApiLogRetention } from '../../libs/api-logs/src/retention/api-log-retention.ts'
import { sql } from '../support/database.ts'
import { ADMIN_KEY, startPlatform, type TestPlatform } from '../support/platform.ts'
import { Shop, Traffic } from '../support/shop.ts'

const ROWS = 1_000_000
const folder = mkdtempSync(join(tmpdir(), 'wasl-soak-records-'))
let platform: TestPlatform

/** A million logs of calls go while deliveries come. Run by `SOAK=1 npm test -- records-retention`. */
beforeAll(async () => {
  platform = await startPlatform()
  await sql(
    platform.database.url,
    `INSERT INTO integration_api_logs (id, provider, method, endpoint, request_headers, created_at)
     SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
       'tabby', 'GET', 'api.tabby.ai/api/v2/payments/{}', '{"accept": "application/json"}', at
     FROM generate_series(1, ${ROWS}) n, LATERAL (SELECT now() - interval '40 days' + n * interval '1 second' AS at) t`,
  )
}, 300_000)
afterAll(async () => {
  await platform.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('deliveries are answered all the while', async () => {
  const database = await Database.connect(platform.database.url)
  const retention = new ApiLogRetention(database, Settings.read({ DATA_DIR: folder }))
  const shop = await Shop.open(platform.url, ADMIN_KEY)
  const alone = await longestOf(shop, (traffic) => traffic.more(2_000))
  const started = Date.now()
  let removed = 0
  const beside = await longestOf(shop, async () => {
    removed = await retention.removeOld(new AbortController().signal)
  })
  console.info(
    `${removed} rows in ${Date.now() - started} ms; longest delivery alone ${alone} ms, beside it ${beside} ms`,
  )
  expect(removed).toBe(ROWS)
  expect(beside).toBeLessThan(1_000)
  await database.close()
}, 300_000)

/** The longest that a delivery took while the work went on; none may be refused. */
async function longestOf(shop: Shop, work: (traffic: Traffic) => Promise<unknown>): Promise<number> {
  const traffic = new Traffic(shop, () => platform.url).start(4)
  let longest = 0
  let working = true
  const probe = (async () => {
    for (let n = 0; working; n++) {
      const sent = performance.now()
      const answer = await shop.deliver(platform.url, `probe-${sent}-${n}`, `{"n":${n},"at":${sent}}`)
      expect(answer?.status).toBe(200)
      longest = Math.max(longest, performance.now() - sent)
    }
  })()
  await work(traffic)
  working = false
  await probe
  await traffic.stop()
  expect([traffic.answers, traffic.broken]).toEqual([[], 0])
  return Math.round(longest)
}
