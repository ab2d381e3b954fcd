// npm run bench:processing: events through the whole of processing, and other queues with the same work beside it, over
// one PostgreSQL in one run; then how soon a delivery is processed when nothing else is, and what processing costs ingest.
// Ratios count; absolute figures move from machine to machine.
import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Pool } from 'undici'
import {
  closedLoop,
  cpuOf,
  cpuOfServer,
  delivery,
  interleaved,
  openLoop,
  print,
  rssOf,
  startBeside,
  startPlatform,
} from './harness.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 3)
const EVENTS = Number(process.env.EVENTS ?? 50_000)
const SECONDS = Number(process.env.SECONDS ?? 4)
const IDLE = Number(process.env.IDLE ?? 300)
/** Queue → how many jobs a round, as far as it takes about as long as the others. */
const QUEUES = {
  noop: { what: 'by hand, no-op', jobs: EVENTS },
  hand: { what: 'by hand, the same work', jobs: EVENTS },
  graphile: { what: 'graphile-worker as shipped', jobs: EVENTS / 5 },
  graphile_tuned: { what: 'graphile-worker tuned', jobs: EVENTS / 2 },
  boss: { what: 'pg-boss single', jobs: EVENTS / 10 },
  boss_batched: { what: 'pg-boss batched', jobs: EVENTS / 2 },
}
const parts = process.argv.slice(2)
const asked = (part) => parts.length === 0 || parts.includes(part)

if (asked('throughput')) await throughput()
if (asked('idle')) await idle()
if (asked('both')) await besideIngest()

async function throughput() {
  const platform = await startPlatform({ ROLES: 'api' })
  const database = await connected(platform.databaseUrl)
  const worker = await startBeside(platform, { ROLES: 'worker' })
  const queues = Object.entries(QUEUES).filter(
    ([name]) => asked(name) || !parts.some((part) => part in QUEUES),
  )
  const others = await Promise.all(queues.map(([name, { jobs }]) => queueIn(platform, name, jobs)))
  const targets = {
    ...Object.fromEntries(queues.map(([name], n) => [name, others[n]])),
    ours: ourProcessing(platform, worker, database),
  }
  try {
    // Unmeasured: all are compiled before they are compared.
    for (const target of Object.values(targets)) await target.run(5_000)
    const results = await interleaved(ROUNDS, targets, (target) => target.run(target.jobs))
    for (const [name, result] of Object.entries(results)) tell(QUEUES[name]?.what ?? 'platform', result)
    const { ours, noop, graphile } = results
    if (noop)
      verdict(
        `${(ours.rate / noop.rate).toFixed(2)} × the no-op by hand`,
        ours.rate / noop.rate >= 0.5,
        '0.5',
      )
    if (graphile)
      verdict(
        `${(ours.rate / graphile.rate).toFixed(2)} × graphile-worker as shipped`,
        ours.rate / graphile.rate >= 5,
        '5',
      )
  } finally {
    for (const { child } of others) child.kill('SIGKILL')
    worker.child.kill('SIGKILL')
    await database.end()
    await platform.stop()
  }
}

/** Deliveries wait behind a suspended connection until all are there; then it is resumed. */
function ourProcessing(platform, worker, database) {
  return {
    jobs: EVENTS,
    async run(jobs) {
      await database.query("UPDATE integration_connections SET status = 'suspended'")
      await prefill(platform, jobs)
      return timed(platform, worker.child, jobs, async () => {
        await database.query("UPDATE integration_connections SET status = 'connected'")
        await database.query("SELECT pg_notify('wasl_work', 'events')")
        const { rows } = await ended(database)
        if (Number(rows[0].others) > 0) throw new Error(`${rows[0].others} events were not completed`)
      })
    },
  }
}

async function prefill({ url, path }, jobs) {
  const pool = new Pool(url, { connections: 64, pipelining: 1 })
  let left = jobs
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (left-- > 0) {
        const { statusCode, body } = await pool.request({ path, ...delivery() })
        await body.dump()
        if (statusCode !== 200) throw new Error(`ingest answered ${statusCode}`)
      }
    }),
  )
  await pool.close()
}

/** Asked rarely: looking must not slow what is looked at. */
async function ended(database) {
  for (;;) {
    const { rows } = await database.query(
      "SELECT EXISTS (SELECT FROM integration_events WHERE status IN ('pending', 'retrying')) OR EXISTS (SELECT FROM integration_events WHERE status = 'processing') AS left",
    )
    if (!rows[0].left) break
    await sleep(20)
  }
  return database.query("SELECT count(*) AS others FROM integration_events WHERE status <> 'completed'")
}

async function queueIn(platform, name, jobs) {
  const child = fork(fileURLToPath(new URL('queues.mjs', import.meta.url)), [platform.databaseUrl, name])
  const asking = (message) =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
      if (message) child.send(message)
    })
  await asking()
  return {
    child,
    jobs,
    async run(count) {
      await asking({ fill: count })
      return timed(platform, child, count, () => asking({ drain: count }))
    },
  }
}

/** Events a second, and what each costs the process and PostgreSQL. */
async function timed(platform, child, jobs, work) {
  const [cpu, server, started] = [cpuOf(child.pid), cpuOfServer(platform.postmaster), performance.now()]
  await work()
  const seconds = (performance.now() - started) / 1_000
  return {
    rate: jobs / seconds,
    cpu: ((cpuOf(child.pid) - cpu) * 1e6) / jobs,
    server: ((cpuOfServer(platform.postmaster) - server) * 1e6) / jobs,
    rss: rssOf(child.pid),
  }
}

/** Deliveries one at a time, so far apart that each finds an idle platform. */
async function idle() {
  const platform = await startPlatform()
  const database = await connected(platform.databaseUrl)
  try {
    await prefill(platform, 5_000)
    await ended(database)
    const pool = new Pool(platform.url)
    const sent = new Map()
    for (let n = 0; n < IDLE; n++) {
      const request = delivery()
      const at = performance.timeOrigin + performance.now()
      const { body } = await pool.request({ path: platform.path, ...request })
      sent.set((await body.json()).event_id, at)
      await sleep(50 + Math.random() * 50)
    }
    await pool.close()
    await ended(database)
    const { rows } = await database.query(
      `SELECT id, extract(epoch FROM created_at) * 1000 AS created, extract(epoch FROM processed_at) * 1000 AS processed
       FROM integration_events WHERE id = ANY ($1)`,
      [[...sent.keys()]],
    )
    // A row's time is that of its statement, before its commit; `processed` is said after the handler.
    const started = percentiles(rows.map(({ created, processed }) => processed - created))
    const whole = percentiles(rows.map(({ id, processed }) => processed - sent.get(id)))
    console.log(
      `idle: row written → processed      p50 ${started.p50.toFixed(2)} ms   p99 ${started.p99.toFixed(2)} ms`,
    )
    console.log(
      `idle: delivery sent → processed    p50 ${whole.p50.toFixed(2)} ms   p99 ${whole.p99.toFixed(2)} ms`,
    )
    verdict('commit → handler start, idle', started.p50 <= 5 && started.p99 <= 20, 'p50 5 ms, p99 20 ms')
    verdict('ingest to processed, idle', whole.p99 < 50, '50 ms')
  } finally {
    await database.end()
    await platform.stop()
  }
}

async function besideIngest() {
  const alone = await startPlatform({ ROLES: 'api' })
  const both = await startPlatform()
  const database = await connected(both.databaseUrl)
  try {
    for (const target of [alone, both]) await closedLoop(target, 64, SECONDS)
    await ended(database)
    const backlogs = []
    const results = await interleaved(ROUNDS, { alone, both }, async (target) => {
      const result = await closedLoop(target, 64, SECONDS)
      if (target !== both) return result
      backlogs.push(await waiting(database))
      const started = performance.now()
      await ended(database)
      return { ...result, drained: (performance.now() - started) / 1_000 }
    })
    print('64 connections, ingest alone', results.alone)
    print('64 connections, with processing', results.both)
    console.log(
      `  left to process after ${SECONDS} s at full speed: ${backlogs.join(', ')}; gone after ${results.both.drained.toFixed(1)} s`,
    )
    const ratio = results.both.rate / results.alone.rate
    verdict(`${ratio.toFixed(2)} × ingest alone`, ratio >= 0.5, '0.5')
    await steadily(both, database)
  } finally {
    await database.end()
    await alone.stop()
    await both.stop()
  }
}

/** At a rate that it can keep up with, what waits must not grow. */
async function steadily(platform, database) {
  const seen = []
  let running = true
  const looking = (async () => {
    while (running) {
      seen.push(await waiting(database))
      await sleep(100)
    }
  })()
  const result = await openLoop(platform, 2_000, SECONDS)
  running = false
  await looking
  print('2,000 a second, with processing', result)
  const { p50, p99 } = percentiles(seen)
  console.log(`  waiting or under work meanwhile: p50 ${p50}, p99 ${p99}`)
}

async function waiting(database) {
  const { rows } = await database.query(
    "SELECT (SELECT count(*) FROM integration_events WHERE status IN ('pending', 'retrying')) + (SELECT count(*) FROM integration_events WHERE status = 'processing') AS n",
  )
  return Number(rows[0].n)
}

async function connected(connectionString) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}

function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return { p50: sorted[Math.floor(sorted.length * 0.5)], p99: sorted[Math.floor(sorted.length * 0.99)] }
}

function tell(what, { rate, cpu, server, rss }) {
  console.log(
    `${what.padEnd(34)} ${rate.toFixed(0).padStart(7)}/s   CPU an event: ${cpu.toFixed(0)} µs, PostgreSQL ${server.toFixed(0)} µs   RSS ${rss.toFixed(0)} MiB`,
  )
}

function verdict(what, met, goal) {
  console.log(`  → ${what}: ${met ? 'met' : 'MISSED'} (goal ${goal})`)
}
