// What every bench needs: the real platform in a process of its own, deliveries as GitHub signs them (or other requests), and the numbers.
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'

export const SECRET = 'bench secret'
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
  const platform = await start(npmStart(), { DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'info', ...environment })
  const key = readFileSync(join(folder, 'admin-key'), 'utf8').trim()
  const { path, proxyPath, project } = await connectionPaths(platform.url, key, connection)
  const data = realpathSync(join(folder, 'postgres'))
  const [postmaster, , , port] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  const password = readFileSync(join(folder, 'postgres-password'), 'utf8').trim()
  return {
    ...platform,
    path,
    proxyPath,
    project,
    key,
    folder,
    postmaster: Number(postmaster),
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

/** Another process of the same platform: its database, its bodies, its keys. */
export async function startBeside({ databaseUrl, folder }, environment) {
  return start(npmStart(), {
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    PORT: '0',
    LOG_LEVEL: 'info',
    ...environment,
  })
}

function npmStart() {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return scripts.start.split(' ').slice(1)
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
  return {
    rate: times.length / seconds,
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
    cpu: ((cpuOf(child.pid) - cpuBefore) * 1e6) / times.length,
    rss: rssOf(child.pid),
  }
}

/** 2 KB of a push, as much of it as anybody reads and the rest as long. */
export function push(id) {
  const sha = (id + id).replaceAll('-', '').slice(0, 40)
  return JSON.stringify({
    ref: 'refs/heads/main',
    before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
    after: sha,
    repository: { id: 186853002, name: 'shop', full_name: 'acme/shop', private: true },
    pusher: { name: 'octocat', email: 'octocat@example.com' },
    commits: [{ id: sha, message: 'x'.repeat(1_600), added: [], removed: [], modified: ['README.md'] }],
  })
}

/** One delivery as GitHub signs it, never the same twice. */
export function delivery() {
  const id = randomUUID()
  const body = push(id)
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
export function cpuOf(pid) {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The same of a PostgreSQL server: its sessions that are, and those that have ended. */
export function cpuOfServer(postmaster) {
  const fields = statOf(postmaster)
  const ended = (Number(fields[13]) + Number(fields[14])) / 100
  const sessions = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === postmaster)
  return sessions.reduce((sum, pid) => sum + cpuOf(pid), ended + cpuOf(postmaster))
}

/** MiB that the process holds. */
export function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024
}

function parentOf(pid) {
  try {
    return Number(statOf(pid)[1])
  } catch {
    return null
  }
}

/** What /proc tells from the state on: state, parent … */
function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(') ') + 2).split(' ')
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
