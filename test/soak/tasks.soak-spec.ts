import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { projectRoot } from '@app/config'
import { eventually, type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { Shop, Traffic } from '../support/shop.ts'

const ROWS = Number(process.env.SOAK_ROWS ?? 1_000_000)
const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const KEYS = `old:${Buffer.alloc(32, 1).toString('base64')}`
const folders = dataDirs()
let database: FreshDatabase
let bodies: string
const running = new Set<RunningProcess>()
beforeAll(async () => {
  database = await freshDatabase()
  bodies = `file://${join(folders.make(), 'bodies')}`
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await database.drop()
  folders.remove()
})

const environment = (roles: string): Record<string, string> => ({
  DATA_DIR: folders.make(),
  DATABASE_URL: database.url,
  BODY_STORE_URL: bodies,
  ADMIN_API_KEY: ADMIN,
  ENCRYPTION_KEYS: KEYS,
  ROLES: roles,
  PORT: '0',
})
async function platform(roles: string): Promise<RunningProcess> {
  const started = await startProcess(environment(roles))
  running.add(started)
  return started
}
function task(name: string): { child: ChildProcess; said(): string } {
  const child = spawn(process.execPath, [join(projectRoot(), 'scripts', 'task.mjs'), name], {
    env: { PATH: process.env.PATH ?? '', ...environment('api') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  return { child, said: () => said.trim() }
}
const old = async (): Promise<number> => {
  const [row] = await sql<{ n: number }>(
    database.url,
    "SELECT count(*)::int AS n FROM integration_events WHERE created_at < now() - interval '60 days'",
  )
  return row?.n ?? -1
}

test(`${ROWS} old events go while deliveries come, over three kills -9, and not a young one with them`, async () => {
  const serving = await platform('api')
  const shop = await Shop.open(serving.url, ADMIN)
  for (let from = 0; from < ROWS; from += 100_000) {
    await sql(
      database.url,
      `INSERT INTO integration_events (id, connection_id, project_id, environment, provider, event_id, event_hash, status, created_at)
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000800000' || lpad(to_hex(n), 10, '0'))::uuid,
         c.id, c.project_id, c.environment, c.provider, 'old ' || n, md5(n::text), 'completed', at
       FROM integration_connections c, generate_series($1::int, $2::int) n,
         LATERAL (SELECT now() - interval '61 days' - n * interval '1 second' AS at) made`,
      [from + 1, Math.min(from + 100_000, ROWS)],
    )
  }
  expect(await old()).toBe(ROWS)
  const traffic = new Traffic(shop, () => serving.url)
  // How long a delivery takes by itself, beside nothing.
  const longest = async (during: () => Promise<unknown>): Promise<number> => {
    let [most, on] = [0, true]
    const sender = (async () => {
      for (let n = 0; on; n++) {
        const started = performance.now()
        const answer = await shop.deliver(serving.url, `young ${most} ${n} ${Math.random()}`, 'young')
        expect(answer?.status).toBe(200)
        most = Math.max(most, performance.now() - started)
      }
    })()
    await during()
    on = false
    await sender
    return most
  }
  traffic.start(8)
  const before = await longest(() => traffic.more(2_000))
  const kills: number[] = []
  const during = await longest(async () => {
    for (let n = 1; n <= 3; n++) {
      const { child } = task('retention')
      await eventually(old, (left) => left < ROWS * (1 - n / 5), 120_000)
      child.kill('SIGKILL')
      await once(child, 'exit')
      kills.push(await old())
    }
    // The lock went with its connection: nobody waits for a dead one.
    const last = task('retention')
    expect((await once(last.child, 'exit'))[0]).toBe(0)
    expect(JSON.parse(last.said().replace('retention: ', ''))).toMatchObject({ events_removed: kills.at(-1) })
  })
  await traffic.stop()
  expect(await old()).toBe(0)
  expect(kills[0]).toBeLessThan(ROWS)
  expect(kills[2]).toBeGreaterThan(0)
  expect(traffic.answers).toEqual([])
  for (const id of [...traffic.acknowledged.keys()].slice(-200)) {
    expect((await shop.get(serving.url, `/events/${id}`)).status).toBe(200)
  }
  console.log(
    `retention: ${ROWS} events, killed with ${kills.join(', ')} left; longest delivery ${before.toFixed(0)} ms without, ${during.toFixed(0)} ms with it`,
  )
  expect(during).toBeLessThan(2_000)
  expect(await stopped(serving)).toBe(0)
  running.delete(serving)
}, 600_000)

test('two replicas with the scheduler on one database: an event is rescued once', async () => {
  const replicas = [await platform('api,scheduler'), await platform('api,scheduler')]
  const shop = await Shop.open(replicas[0]!.url, ADMIN)
  await sql(
    database.url,
    `INSERT INTO integration_events (connection_id, project_id, environment, provider, event_id, status, lease_until, retry_count)
     SELECT id, project_id, environment, provider, 'left ' || n, 'processing', now() - interval '1 second', 1
     FROM integration_connections, generate_series(1, 5000) n WHERE id = $1`,
    [shop.connection],
  )
  const states = (): Promise<{ status: string; token: number; n: number }[]> =>
    sql(
      database.url,
      `SELECT status::text, lease_token::int AS token, count(*)::int AS n FROM integration_events
       WHERE event_id LIKE 'left %' GROUP BY 1, 2`,
    )
  const { answer, ms } = await eventually(
    states,
    ([one]) => one?.status === 'retrying' && one.n === 5_000,
    60_000,
  )
  expect(answer).toEqual([{ status: 'retrying', token: 1, n: 5_000 }])
  console.log(`rescue: 5000 events after ${(ms / 1_000).toFixed(1)} s`)
  for (const one of replicas) {
    expect(await stopped(one)).toBe(0)
    running.delete(one)
  }
}, 120_000)
