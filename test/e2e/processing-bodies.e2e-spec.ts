import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ProcessEvents } from '@app/webhooks'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { Pushes } from '../support/pushes.ts'

/** Takes deliveries, and processes nothing. */
let api: TestPlatform
/** Processes, and has never seen a delivery. */
let worker: TestPlatform
let bodies: string
let project: string
beforeAll(async () => {
  const keys = { ENCRYPTION_KEYS: `shared:${Buffer.alloc(32, 7).toString('base64')}` }
  api = await startPlatform({ ROLES: 'api', ...keys })
  bodies = join(api.dataDir, 'bodies')
  const beside = { ROLES: 'worker', BODY_STORE_URL: `file://${bodies}`, ...keys }
  worker = await startPlatform(beside, undefined, api.database)
  project = await makers(api).project()
})
afterAll(async () => {
  await worker.stop()
  await api.stop()
})

/** A push that waits for its connection to be resumed, and the segment in which its body lies. */
async function held(platform = api): Promise<{ pushes: Pushes; id: string; segment: string }> {
  const pushes = await Pushes.to(platform, project)
  await pushes.become('suspended')
  const id = await pushes.deliver()
  const { raw_body_url: url } = await pushes.row(id)
  return { pushes, id, segment: fileURLToPath(url.split('#')[0]) }
}

test('one process takes deliveries, another processes them: read from the store, and told of each at once', async () => {
  const pushes = await Pushes.to(api, project)
  const since = performance.now()
  for (let n = 0; n < 20; n++) {
    const id = await pushes.deliver()
    expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed', retry_count: 1 })
  }
  // Found by looking every second, they would have taken twenty.
  expect(performance.now() - since).toBeLessThan(10_000)
})

test('in the process that took it, it is read from memory, even where the store has lost it', async () => {
  const both = await startPlatform({ ROLES: 'api,worker' })
  try {
    const shop = await makers(both).project()
    const pushes = await Pushes.to(both, shop)
    await pushes.become('suspended')
    const id = await pushes.deliver()
    const { raw_body_url: url } = await pushes.row(id)
    await rm(fileURLToPath(url.split('#')[0]))
    const read = await both.call('GET', `/v1/projects/${shop}/events/${id}/body?reason=test`)
    expect(read.status).toBe(410)
    await pushes.become('connected')
    expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed', retry_count: 1 })
  } finally {
    await both.stop()
  }
})

test('gone, with nothing made of it before: a dead letter at once', async () => {
  const { pushes, id, segment } = await held()
  await rm(segment)
  await pushes.become('connected')
  expect(await pushes.until(id, 'dead_letter')).toMatchObject({
    status: 'dead_letter',
    retry_count: 1,
    error_message: 'body_expired',
  })
  expect(await pushes.outgoing(id)).toEqual([])
})

test('past its retention it is not read, although it still lies there', async () => {
  const { pushes, id } = await held()
  await sql(
    api.database.url,
    "UPDATE integration_events SET body_expires_at = now() - interval '1 second' WHERE id = $1",
    [id],
  )
  await pushes.become('connected')
  expect(await pushes.until(id, 'dead_letter')).toMatchObject({ error_message: 'body_expired' })
})

test('another bit in it: a dead letter at once, and nothing of it goes out', async () => {
  const { pushes, id, segment } = await held()
  const bytes = await readFile(segment)
  bytes[bytes.length - 30]! ^= 1
  await writeFile(segment, bytes)
  await pushes.become('connected')
  expect(await pushes.until(id, 'dead_letter')).toMatchObject({
    status: 'dead_letter',
    retry_count: 1,
    error_message: 'body_integrity',
  })
  expect(await pushes.outgoing(id)).toEqual([])
})

test('the store is away: it is tried again, and goes well once the store is back', async () => {
  const { pushes, id } = await held()
  await rename(bodies, `${bodies} away`)
  try {
    await pushes.become('connected')
    expect(await pushes.until(id, 'retrying')).toMatchObject({
      status: 'retrying',
      retry_count: 1,
      error_message: 'body_store_unavailable',
    })
  } finally {
    await rename(`${bodies} away`, bodies)
  }
  await sql(api.database.url, 'UPDATE integration_events SET next_retry_at = now() WHERE id = $1', [id])
  worker.app.get(ProcessEvents).wake()
  expect(await pushes.until(id, 'completed')).toMatchObject({ status: 'completed', retry_count: 2 })
  expect(await pushes.outgoing(id)).toHaveLength(1)
})
