import { afterAll, expect, test } from '@jest/globals'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { settled } from '../support/effects.ts'
import { Shop } from '../support/shop.ts'

const IDS = Number(process.env.SOAK_IDS ?? 100)
const TWINS = 200
const AT_ONCE = 4
const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const folders = dataDirs()
let database: FreshDatabase
const replicas: RunningProcess[] = []
afterAll(async () => {
  for (const one of replicas) await stopped(one)
  await database.drop()
  folders.remove()
})

test(
  `${IDS} deliveries, each ${TWINS} times at once on two replicas that process: ${IDS} events, ${IDS} effects`,
  async () => {
    database = await freshDatabase()
    const bodies = pathToFileURL(join(folders.make(), 'bodies')).href
    for (let n = 0; n < 2; n++)
      replicas.push(
        await startProcess({
          DATA_DIR: folders.make(),
          DATABASE_URL: database.url,
          BODY_STORE_URL: bodies,
          ADMIN_API_KEY: ADMIN,
          ENCRYPTION_KEYS: `one:${Buffer.alloc(32, 1).toString('base64')}`,
          PORT: '0',
        }),
      )
    const shop = await Shop.open(replicas[0]?.url ?? '', ADMIN)
    const events = new Set<string>()
    let [asked, firsts, next] = [0, 0, 0]
    const family = async (id: number): Promise<void> => {
      const answers = await Promise.all(
        Array.from({ length: TWINS }, (_, n) =>
          shop.deliver(replicas[n % 2]?.url ?? '', `twins ${id}`, `{"twins":${id}}`),
        ),
      )
      expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([200]))
      const told = await Promise.all(
        answers.map(async (answer) => (await answer?.json()) as { event_id: string; duplicate: boolean }),
      )
      expect(new Set(told.map(({ event_id: event }) => event)).size).toBe(1)
      asked += told.length
      firsts += told.filter(({ duplicate }) => !duplicate).length
      events.add(told[0]?.event_id ?? '')
    }
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < IDS) await family(next++)
      }),
    )
    const done = await settled(database.url, 90_000)
    console.log(
      `${asked} deliveries: ${firsts} firsts, ${done.events} events, ${done.outgoing} effects, at most ${done.attempts} attempts`,
    )
    expect([events.size, firsts]).toEqual([IDS, IDS])
    expect(done).toMatchObject({
      events: IDS,
      completed: IDS,
      outgoing: IDS,
      origins: IDS,
      attempts: 1,
      lost: 0,
      failed: 0,
    })
  },
  20 * 60_000,
)
