// npm run bench: the platform's ingest and a bare-bones reference, interleaved in one run over one database; the ratio
// is what counts, absolute figures move from machine to machine (design: every goal is a ratio).
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'

const SECRET = 'bench secret'
const ROUNDS = 3
const SECONDS = Number(process.env.SECONDS ?? 4)
const BODY = 'x'.repeat(1_990)
const folder = mkdtempSync(join(tmpdir(), 'wasl-bench-'))

const platform = await start(['--max-semi-space-size=8', 'scripts/start.mjs'], {
  DATA_DIR: folder,
  PORT: '0',
  LOG_LEVEL: 'info',
})
const key = readFileSync(join(folder, 'admin-key'), 'utf8').trim()
const [, , , port] = readFileSync(
  join(realpathSync(join(folder, 'postgres')), 'postmaster.pid'),
  'utf8',
).split('\n')
const password = readFileSync(join(folder, 'postgres-password'), 'utf8').trim()
const databaseUrl = `postgres://wasl:${password}@127.0.0.1:${port}/wasl`
const reference = await start(['bench/ingest-reference.mjs', databaseUrl, folder, SECRET], {})

try {
  const path = await connectionPath()
  // Unmeasured: both are compiled before they are compared.
  await drive(reference, '/', 64)
  await drive(platform, path, 64)
  console.log('connections  who         per second   p50 ms   p99 ms   CPU µs/event   RSS MiB')
  for (const connections of [1, 32, 64]) {
    const results = { platform: [], reference: [] }
    for (let round = 0; round < ROUNDS; round++) {
      results.reference.push(await drive(reference, '/', connections))
      results.platform.push(await drive(platform, path, connections))
    }
    const [ours, theirs] = [median(results.platform), median(results.reference)]
    print(connections, 'reference', theirs)
    print(connections, 'platform', ours)
    console.log(
      `${String(connections).padStart(11)}  ratio ${(ours.rate / theirs.rate).toFixed(2)} × the reference; p99 ${(ours.p99 / theirs.p99).toFixed(2)} ×; CPU ${(ours.cpu / theirs.cpu).toFixed(2)} ×`,
    )
  }
} finally {
  platform.child.kill('SIGTERM')
  reference.child.kill('SIGKILL')
  await sleep(2_000)
  rmSync(realpathSync(join(folder, 'postgres')), { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
}

async function start(args, environment) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const found = /listens on (http:\/\/[^\s"]+)/.exec(String(text))
      if (found) resolve(found[1])
    })
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)))
  })
  return { child, url }
}

async function connectionPath() {
  const post = async (path, body) => {
    const answer = await fetch(platform.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    return answer.json()
  }
  const { id } = await post('/v1/projects', { name: 'bench' })
  const { webhook } = await post(`/v1/projects/${id}/connections`, {
    provider: 'github',
    environment: 'dev',
    verify: false,
    credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: SECRET },
  })
  return new URL(webhook.url).pathname
}

async function drive({ url, child }, path, connections) {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const times = []
  const cpuBefore = cpuOf(child.pid)
  const until = performance.now() + SECONDS * 1_000
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        const id = randomUUID()
        const body = id + BODY
        const at = performance.now()
        const answer = await pool.request({
          path,
          method: 'POST',
          body,
          headers: {
            'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
            'x-github-delivery': id,
            'x-github-event': 'push',
            'content-type': 'application/json',
          },
        })
        const text = await answer.body.text()
        if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
        times.push(performance.now() - at)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1_000
  await pool.close()
  times.sort((a, b) => a - b)
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return {
    rate: times.length / seconds,
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
    cpu: ((cpuOf(child.pid) - cpuBefore) * 1e6) / times.length,
    rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1_024,
  }
}

/** Seconds of processor time of the process (clock ticks are hundredths on Linux). */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function median(list) {
  return [...list].sort((a, b) => a.rate - b.rate)[Math.floor(list.length / 2)]
}

function print(connections, who, { rate, p50, p99, cpu, rss }) {
  console.log(
    `${String(connections).padStart(11)}  ${who.padEnd(10)}  ${rate.toFixed(0).padStart(10)}   ${p50.toFixed(2).padStart(6)}   ${p99.toFixed(2).padStart(6)}   ${cpu.toFixed(0).padStart(12)}   ${rss.toFixed(0).padStart(7)}`,
  )
}
