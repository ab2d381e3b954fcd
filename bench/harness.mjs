// What every bench needs: the real platform in a process of its own, deliveries as GitHub signs them (or other requests), and the numbers.
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'

export const SECRET = 'bench secret'
const BODY = 'x'.repeat(1_990)
const GITHUB = {
  provider: 'github',
  credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: SECRET },
}

export async function start(args, environment = {}) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise((resolve, reject) => {
    const look = (text) => {
      const found = /listens on (http:\/\/[^\s"]+)/.exec(String(text))
      if (!found) return
      // Whatever else it writes costs it what it costs, and us nothing.
      child.stdout.off('data', look).resume()
      resolve(found[1])
    }
    child.stdout.on('data', look)
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)))
  })
  return { child, url, path: '/' }
}

/** As `npm start` starts it, on a DATA_DIR of its own, with one connection: by default one that takes deliveries. */
export async function startPlatform(environment = {}, connection = GITHUB) {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-bench-'))
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const args = scripts.start.split(' ').slice(1)
  const platform = await start(args, { DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'info', ...environment })
  const key = readFileSync(join(folder, 'admin-key'), 'utf8').trim()
  const { path, proxyPath, project } = await connectionPaths(platform.url, key, connection)
  const data = realpathSync(join(folder, 'postgres'))
  const [, , , port] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  const password = readFileSync(join(folder, 'postgres-password'), 'utf8').trim()
  return {
    ...platform,
    path,
    proxyPath,
    project,
    key,
    folder,
    databaseUrl: `postgres://wasl:${password}@127.0.0.1:${port}/wasl`,
    async stop() {
      const ended = new Promise((resolve) => platform.child.once('exit', resolve))
      platform.child.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function connectionPaths(url, key, connection) {
  const post = async (path, body) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    return answer.json()
  }
  const { id } = await post('/v1/projects', { name: 'bench' })
  const made = await post(`/v1/projects/${id}/connections`, {
    environment: 'dev',
    verify: false,
    ...connection,
  })
  return {
    project: id,
    path: new URL(made.webhook.url).pathname,
    proxyPath: `/v1/projects/${id}/connections/${made.id}/proxy`,
  }
}

/** Each connection sends its next delivery when the last one was answered. */
export async function closedLoop(target, connections, seconds) {
  return measured(target, connections, async (send) => {
    const until = performance.now() + seconds * 1_000
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (performance.now() < until) await send(performance.now())
      }),
    )
  })
}

/** So many a second, whatever the answers do; a time counts from when the delivery was due, not from when it was sent. */
export async function openLoop(target, perSecond, seconds) {
  return measured(target, 256, async (send) => {
    const started = performance.now()
    const all = []
    while (all.length < perSecond * seconds) {
      const due = Math.floor(((performance.now() - started) / 1_000) * perSecond)
      while (all.length <= due) all.push(send(started + (all.length / perSecond) * 1_000))
      await sleep(1)
    }
    await Promise.all(all)
  })
}

async function measured({ url, path, child, request = delivery }, connections, drive) {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const times = []
  const [cpuBefore, started] = [cpuOf(child.pid), performance.now()]
  await drive(async (due) => {
    const answer = await pool.request({ path, ...request() })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
    times.push(performance.now() - due)
  })
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

/** One delivery as GitHub signs it, never the same twice. */
function delivery() {
  const id = randomUUID()
  const body = id + BODY
  return {
    method: 'POST',
    body,
    headers: {
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      'x-github-delivery': id,
      'x-github-event': 'push',
      'content-type': 'application/json',
    },
  }
}

/** Seconds of processor time of the process (clock ticks are hundredths on Linux). */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Interleaved rounds of the same work on several targets; of each the round with the median rate. */
export async function interleaved(rounds, targets, work) {
  const results = Object.fromEntries(Object.keys(targets).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, target] of Object.entries(targets)) results[name].push(await work(target))
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, list]) => [
      name,
      list.sort((a, b) => a.rate - b.rate)[Math.floor(rounds / 2)],
    ]),
  )
}

export function print(what, { rate, p50, p99, cpu, rss }) {
  console.log(
    `${what.padEnd(34)} ${rate.toFixed(0).padStart(7)}/s   p50 ${p50.toFixed(2)} ms   p99 ${p99.toFixed(2)} ms   ` +
      `${cpu.toFixed(0)} µs of CPU an event   RSS ${rss.toFixed(0)} MiB`,
  )
}
