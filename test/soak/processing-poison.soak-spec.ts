import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { projectRoot } from '@app/config'
import { eventually, type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { settled } from '../support/effects.ts'
import { Shop, Traffic } from '../support/shop.ts'

const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const MOST_ATTEMPTS = 9
const folders = dataDirs()
let database: FreshDatabase
let platform: RunningProcess
let folder: string
beforeAll(async () => {
  database = await freshDatabase()
  folder = folders.make()
})
afterAll(async () => {
  await stopped(platform)
  await database.drop()
  folders.remove()
})

const support = (name: string): string => join(projectRoot(), 'test', 'support', name)
const start = (): Promise<RunningProcess> =>
  startProcess(
    { DATA_DIR: folder, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN },
    { command: [process.execPath, '--import', support('typescript.mjs'), support('poisoned-platform.ts')] },
  )
const ask = <T extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> =>
  sql<T>(database.url, text, values)

interface Poisoned extends Record<string, unknown> {
  status: string
  attempts: number
  error: string
}

test(
  'an event that cannot be read, one that hangs and one that kills its process: each has its attempts and is a dead letter; nobody else is',
  async () => {
    platform = await start()
    const shop = await Shop.open(platform.url, ADMIN)
    const neighbours = new Traffic(shop, () => platform.url, 300).start(8, 50)
    await neighbours.more(100)
    for (const kind of ['throw', 'hang', 'kill']) {
      const body = JSON.stringify({ repository: { full_name: `poison/${kind}` } })
      // The last one may not be answered any more.
      await (await shop.deliver(platform.url, kind, body))?.text().catch(() => null)
    }
    let crashes = 0
    const poisoned = async (): Promise<Poisoned[]> => {
      const { child } = platform
      if (child.exitCode !== null || child.signalCode !== null) {
        expect(child.signalCode).toBe('SIGKILL')
        crashes++
        // What time does to the leases of the dead; and nobody waits fifteen hours here.
        await ask("UPDATE integration_events SET lease_until = now() WHERE status = 'processing'")
        platform = await start()
      }
      await ask(
        "UPDATE integration_events SET next_retry_at = now() WHERE status = 'retrying' AND next_retry_at > now()",
      )
      return ask<Poisoned>(
        `SELECT event_id AS kind, status::text, retry_count AS attempts, error_message AS error FROM integration_events
         WHERE event_id IN ('throw', 'hang', 'kill') ORDER BY 1`,
      )
    }
    const dead = (all: Poisoned[]): boolean =>
      all.length === 3 && all.every(({ status }) => status === 'dead_letter')
    const { answer, ms } = await eventually(poisoned, dead, 15 * 60_000)
    await neighbours.more(100)
    await neighbours.stop()

    expect(answer).toEqual([
      { kind: 'hang', status: 'dead_letter', attempts: MOST_ATTEMPTS, error: expect.any(String) },
      { kind: 'kill', status: 'dead_letter', attempts: MOST_ATTEMPTS, error: 'worker_lost' },
      { kind: 'throw', status: 'dead_letter', attempts: expect.any(Number), error: 'connector_failed' },
    ])
    expect(crashes).toBe(MOST_ATTEMPTS)
    const done = await settled(database.url, 90_000)
    const others = neighbours.acknowledged.size
    expect(done).toMatchObject({ completed: others, dead: 3, outgoing: others, origins: others })
    const [most] = await ask<{ attempts: number }>(
      "SELECT max(retry_count) AS attempts FROM integration_events WHERE status = 'completed'",
    )
    // Taken along by chance, and once more before it is known who did it; never to the end.
    expect(most?.attempts).toBeLessThan(5)
    console.log(
      `poison: ${JSON.stringify(answer)} after ${crashes} crashes in ${(ms / 1_000).toFixed(0)} s; ${others} neighbours completed with ` +
        `one effect each, at most ${most?.attempts} attempts, ${done.lost} attempts lost in all`,
    )
  },
  20 * 60_000,
)
