import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { projectRoot } from '@app/config'
import {
  eventually,
  readiness,
  residentMiB,
  type RunningProcess,
  startProcess,
  stopped,
} from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { Shop, Traffic } from '../support/shop.ts'

const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`
const folders = dataDirs()
let database: FreshDatabase
let bodies: string
const running = new Set<RunningProcess>()

beforeAll(async () => {
  database = await freshDatabase()
  bodies = pathToFileURL(join(folders.make(), 'bodies')).href
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await database.drop()
  folders.remove()
})

const environment = (keys: string): Record<string, string> => ({
  DATA_DIR: folders.make(),
  DATABASE_URL: database.url,
  BODY_STORE_URL: bodies,
  ADMIN_API_KEY: ADMIN,
  ENCRYPTION_KEYS: keys,
  PORT: '0',
})
async function replica(keys = OLD): Promise<RunningProcess> {
  const started = await startProcess(environment(keys))
  running.add(started)
  return started
}
async function end(platform: RunningProcess): Promise<void> {
  expect(await stopped(platform)).toBe(0)
  running.delete(platform)
}

test('200 identical deliveries at once on two replicas are one event', async () => {
  const replicas = [await replica(), await replica()]
  const shop = await Shop.open(replicas[0]!.url, ADMIN)
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => shop.deliver(replicas[n % 2]!.url, `twins-${round}`, 'the same')),
    )
    expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([200]))
    const told = await Promise.all(
      answers.map(async (answer) => (await answer?.json()) as { event_id: string; duplicate: boolean }),
    )
    expect(new Set(told.map(({ event_id: id }) => id)).size).toBe(1)
    expect(told.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    for (const { url } of replicas) {
      expect(await shop.bodyOf(url, told[0]!.event_id)).toEqual({ status: 200, body: 'the same' })
    }
  }
  const [row] = await sql<{ n: number }>(
    database.url,
    "SELECT count(*)::int AS n FROM integration_events WHERE event_id LIKE 'twins-%'",
  )
  expect(row?.n).toBe(5)
  for (const one of replicas) await end(one)
}, 120_000)

test('rewrap-keys while serving: killed in the middle and run again, all is under the new key', async () => {
  let platform = await replica(OLD)
  const shops: Shop[] = []
  for (let n = 0; n < 60; n++) shops.push(await Shop.open(platform.url, ADMIN))
  const shop = shops[0]!
  const events: string[] = []
  for (const one of shops) {
    const answer = await one.deliver(platform.url, 'before', 'before')
    events.push(((await answer?.json()) as { event_id: string }).event_id)
  }
  await end(platform)
  platform = await replica(`${NEW},${OLD}`)
  const traffic = new Traffic(shop, () => platform.url).start(8)
  await traffic.more(100)

  const task = () =>
    spawn(process.execPath, [join(projectRoot(), 'scripts', 'task.mjs'), 'rewrap-keys'], {
      env: { PATH: process.env.PATH ?? '', ...environment(`${NEW},${OLD}`) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  // A row in the middle that somebody holds: there the task waits, and is killed.
  const holder = new pg.Client({ connectionString: database.url })
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM integration_connections WHERE id = $1 FOR UPDATE', [shops[30]!.connection])
  const first = task()
  const halfway = await eventually(byKey, (counts) => (counts['connections new'] ?? 0) >= 30, 20_000)
  first.kill('SIGKILL')
  await once(first, 'exit')
  expect(halfway.answer['connections new']).toBeGreaterThanOrEqual(30)
  expect(halfway.answer['connections old']).toBeGreaterThanOrEqual(30)
  await holder.query('ROLLBACK')
  await holder.end()
  expect((await readiness(platform.url)).status).toBe(200)

  const second = task()
  let said = ''
  second.stdout.on('data', (text: Buffer) => (said += text.toString()))
  expect((await once(second, 'exit'))[0]).toBe(0)
  const after = await byKey()
  expect(Object.keys(after).filter((key) => key.endsWith('old'))).toEqual([])
  expect(said).toContain('"under key new":')
  expect(said).not.toContain('under key old')
  await traffic.more(100)
  await traffic.stop()
  expect(traffic.answers).toEqual([])
  console.log(`rewrap: killed at ${JSON.stringify(halfway.answer)}, then ${said.trim()}`)

  await end(platform)
  platform = await replica(NEW) // The old key is gone.
  expect(await readiness(platform.url)).toMatchObject({ status: 200 })
  for (const [n, one] of shops.entries()) {
    expect(await one.bodyOf(platform.url, events[n]!)).toEqual({ status: 200, body: 'before' })
    expect((await one.deliver(platform.url, 'after', 'after'))?.status).toBe(200)
  }
  for (const [event, { body }] of traffic.acknowledged) {
    expect(await shop.bodyOf(platform.url, event)).toEqual({ status: 200, body })
  }
  await end(platform)
}, 300_000)

/** How many envelopes lie under which key. */
async function byKey(): Promise<Record<string, number>> {
  const rows = await sql<{ name: string; n: number }>(
    database.url,
    `SELECT 'connections ' || (credentials ->> 'kid') AS name, count(*)::int AS n
     FROM integration_connections WHERE credentials IS NOT NULL GROUP BY 1
     UNION ALL SELECT 'body keys ' || (wrapped_key ->> 'kid'), count(*)::int
     FROM body_keys WHERE wrapped_key IS NOT NULL GROUP BY 1`,
  )
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}

test('a minute of ingest at full load: memory stays flat', async () => {
  const platform = await replica(NEW)
  const shop = await Shop.open(platform.url, ADMIN)
  const traffic = new Traffic(shop, () => platform.url, 2_000).start(32)
  const samples: number[] = []
  const SECONDS = Number(process.env.SOAK_SECONDS ?? 100)
  for (let second = 0; second < SECONDS; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    samples.push(residentMiB(platform.child))
  }
  await traffic.stop()
  const median = (part: number[]): number =>
    [...part].sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? NaN
  const early = median(samples.slice(35, 50)) // By then V8 has taken what it takes.
  const late = median(samples.slice(-15))
  console.log(
    `memory: ${traffic.acknowledged.size} deliveries, ${early.toFixed(0)} → ${late.toFixed(0)} MiB, at most ${Math.max(...samples).toFixed(0)}`,
  )
  expect(traffic.answers).toEqual([])
  expect(late - early).toBeLessThan(25)
  expect(Math.max(...samples)).toBeLessThan(300)
  await end(platform)
}, 300_000)
