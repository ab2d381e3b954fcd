import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { projectRoot } from '@app/config'
import S3rver from 's3rver'
import { eventually, readiness, type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { FaultyProxy } from '../support/faulty-proxy.ts'
import { type Answered, Shop, Traffic } from '../support/shop.ts'

const folders = dataDirs()
let database: FreshDatabase
let platform: RunningProcess
let shop: Shop
let traffic: Traffic

afterAll(() => {
  folders.remove()
})

async function begin(environment: Record<string, string>): Promise<void> {
  database = await freshDatabase()
  const folder = folders.make()
  platform = await startProcess({ DATA_DIR: folder, DATABASE_URL: database.url, PORT: '0', ...environment })
  shop = await Shop.open(platform.url, folder)
}
async function end(): Promise<void> {
  await stopped(platform)
  await database.drop()
}

/** Only 503s with Retry-After, each within five seconds; then back within five, and every promise kept. */
async function outage(
  name: string,
  fail: () => unknown,
  mend: () => unknown,
  nothingKept = true,
): Promise<void> {
  await traffic.more(200)
  await fail()
  const first = await traffic.refusal()
  const during = await readiness(platform.url)
  expect([during.status, during.checks.body_store === 'ok']).toEqual([503, false])
  for (let n = 0; n < 40; n++) await traffic.refusal()
  await mend()
  const since = performance.now()
  await traffic.more(1)
  const recovered = performance.now() - since
  const ready = await eventually(
    () => readiness(platform.url),
    ({ status }) => status === 200,
    10_000,
  )
  await traffic.more(200)
  await traffic.stop()
  expect(first).toMatchObject({ status: 503, code: 'unavailable' })
  allRefusedInTime(traffic.answers)
  expect(recovered).toBeLessThan(5_000)
  expect(ready.answer.status).toBe(200)
  if (nothingKept) await everyPromiseKept()
  console.log(
    `${name}: ${traffic.acknowledged.size} kept, ${traffic.answers.length} × 503 (slowest ${slowest(traffic.answers)} ms), well after ${Math.round(recovered)} ms`,
  )
}

function allRefusedInTime(answers: readonly Answered[]): void {
  expect(answers.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual([])
  expect(slowest(answers)).toBeLessThan(5_500)
  expect(traffic.broken).toBe(0)
}
function slowest(answers: readonly Answered[]): number {
  return Math.round(Math.max(0, ...answers.map(({ ms }) => ms)))
}

async function everyPromiseKept(): Promise<void> {
  for (const [event, { body }] of traffic.acknowledged) {
    expect([event, await shop.bodyOf(platform.url, event)]).toEqual([event, { status: 200, body }])
  }
  const events = await sql<{ id: string }>(database.url, 'SELECT id FROM integration_events')
  // An answer that came too late is a promise nobody heard; senders came again, so each is acknowledged by now.
  expect(new Set(events.map(({ id }) => id))).toEqual(new Set(traffic.acknowledged.keys()))
}

describe('an S3 store', () => {
  let s3: S3rver
  let proxy: FaultyProxy
  let stored: string

  beforeAll(() => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' })
  })
  beforeEach(async () => {
    stored = mkdtempSync(join(tmpdir(), 'wasl-s3-'))
    s3 = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory: stored })
    const { port } = await s3.run()
    proxy = await new FaultyProxy(port).open()
    const client = new S3Client({ region: 'me-south-1', endpoint: proxy.url, forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: 'bodies' }))
    client.destroy()
    await begin({
      BODY_STORE_URL: `s3://bodies/raw?region=me-south-1&endpoint=${proxy.url}`,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    })
    traffic = new Traffic(shop, () => platform.url).start(32)
  }, 60_000)
  afterEach(async () => {
    await traffic.stop(0)
    await end()
    await proxy.close()
    await s3.close()
    rmSync(stored, { recursive: true, force: true })
  }, 60_000)

  test.each([
    ['hangs', { does: 'hang' }],
    ['takes longer than anybody waits', { does: 'pass', afterMs: 6_000 }],
    ['answers 500', { does: 'refuse', status: 500, code: 'InternalError' }],
    ['is full (507)', { does: 'refuse', status: 507, code: 'InsufficientStorage' }],
    ['says SlowDown', { does: 'refuse', status: 503, code: 'SlowDown' }],
    ['refuses our keys', { does: 'refuse', status: 403, code: 'AccessDenied' }],
  ] as const)(
    'that %s',
    async (name, mood) => {
      await outage(
        `S3 ${name}`,
        () => (proxy.mood = mood),
        () => (proxy.mood = { does: 'pass' }),
      )
    },
    120_000,
  )

  test('that is gone', async () => {
    await outage(
      'S3 gone',
      () => proxy.close(),
      () => proxy.open(),
    )
  }, 120_000)

  test('that takes 20 ms a write: everybody is served', async () => {
    await traffic.more(200)
    const since = performance.now()
    proxy.mood = { does: 'pass', afterMs: 20 }
    await traffic.more(500)
    const ms = performance.now() - since
    proxy.mood = { does: 'pass' }
    await traffic.stop()
    expect(traffic.answers).toEqual([])
    await everyPromiseKept()
    console.log(`S3 with 20 ms: 500 deliveries from 32 senders in ${Math.round(ms)} ms, no refusal`)
  }, 120_000)

  test('that takes 3 s a write: whoever would wait longer than 5 s is told to come again', async () => {
    await traffic.more(200)
    proxy.mood = { does: 'pass', afterMs: 3_000 }
    const since = performance.now()
    await traffic.more(100)
    const ms = performance.now() - since
    proxy.mood = { does: 'pass' }
    await traffic.stop()
    allRefusedInTime(traffic.answers)
    await everyPromiseKept()
    console.log(
      `S3 with 3 s: 100 deliveries from 32 senders in ${Math.round(ms)} ms, ${traffic.answers.length} × 503`,
    )
  }, 120_000)
})

describe('a directory', () => {
  afterEach(async () => {
    await traffic.stop(0)
    await end()
  }, 60_000)

  test('on a disk that is full', async () => {
    const small = mkdtempSync(join(tmpdir(), 'wasl-small-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]).status === 0
    try {
      // Without the right to mount, no file may grow: each write fails as on a full disk, but with another code.
      await begin({ BODY_STORE_URL: `file://${small}/bodies` })
      traffic = new Traffic(shop, () => platform.url).start(32)
      const ballast = join(small, 'ballast')
      const limit = (bytes: string): unknown =>
        spawnSync('prlimit', ['--pid', String(platform.child.pid), `--fsize=${bytes}:`])
      await outage(
        mounted ? 'full disk' : 'no file may grow',
        () => (mounted ? filled(ballast) : limit('1000')),
        () => (mounted ? rmSync(ballast) : limit('unlimited')),
      )
    } finally {
      await traffic.stop(0)
      if (mounted) spawnSync('umount', ['-l', small])
      rmSync(small, { recursive: true, force: true })
    }
  }, 120_000)

  test('that is gone: a file in its place', async () => {
    const folder = folders.make()
    const bodies = join(folder, 'bodies')
    await begin({ BODY_STORE_URL: `file://${encodeURI(bodies)}` })
    traffic = new Traffic(shop, () => platform.url).start(32)
    await outage(
      'directory gone',
      () => {
        renameSync(bodies, `${bodies}.away`)
        writeFileSync(bodies, 'not a folder')
      },
      () => {
        rmSync(bodies)
        renameSync(`${bodies}.away`, bodies)
      },
    )
  }, 120_000)

  test.each([20, 1_000])(
    'whose fsync takes %d ms: everybody is served',
    async (ms) => {
      const disk = await slowDisk()
      await traffic.more(200)
      disk.takes(ms)
      const since = performance.now()
      await traffic.more(100)
      const took = performance.now() - since
      disk.takes(0)
      await traffic.stop()
      expect(traffic.answers).toEqual([])
      await everyPromiseKept()
      console.log(`fsync of ${ms} ms: 100 deliveries from 32 senders in ${Math.round(took)} ms, no refusal`)
    },
    120_000,
  )

  test('whose fsync hangs for 6 s', async () => {
    const disk = await slowDisk()
    await outage(
      'hanging disk',
      () => {
        disk.takes(6_000)
      },
      () => {
        disk.takes(0)
      },
      false,
    )
    await everyPromiseKept()
  }, 120_000)

  async function slowDisk(): Promise<{ takes(ms: number): void }> {
    const file = join(folders.make(), 'ms')
    writeFileSync(file, '0')
    await begin({
      NODE_OPTIONS: `--import=${join(projectRoot(), 'test', 'support', 'slow-disk.mjs')}`,
      SLOW_DISK: file,
    })
    traffic = new Traffic(shop, () => platform.url).start(32)
    return {
      takes: (ms) => {
        writeFileSync(file, String(ms))
      },
    }
  }
})

function filled(file: string): unknown {
  return spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k'], { stdio: 'ignore' })
}
