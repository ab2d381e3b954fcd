import { afterAll, expect, test } from '@jest/globals'
import { ended, eventually, type RunningProcess, startProcess, stopped } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { type FreshDatabase, freshDatabase, sql } from '../support/database.ts'
import { settled } from '../support/effects.ts'
import { Shop, Traffic } from '../support/shop.ts'

const EVENTS = Number(process.env.SOAK_EVENTS ?? 4_000)
const KILLS = Number(process.env.SOAK_KILLS ?? 4)
const ADMIN = 'admin-key-of-the-tests-0123456789abcdef'
const folders = dataDirs()
let database: FreshDatabase
let platform: RunningProcess
afterAll(async () => {
  await stopped(platform)
  await database.drop()
  folders.remove()
})

test(
  `a replay of ${EVENTS} events, killed ${KILLS} times anywhere: it goes on, each event has one turn and no second effect`,
  async () => {
    database = await freshDatabase()
    const folder = folders.make()
    const start = (): Promise<RunningProcess> =>
      startProcess({ DATA_DIR: folder, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN, PORT: '0' })
    platform = await start()
    const shop = await Shop.open(platform.url, ADMIN)
    const traffic = new Traffic(shop, () => platform.url, 300).start(32)
    await traffic.more(EVENTS)
    await traffic.stop()
    const events = traffic.acknowledged.size
    expect(await settled(database.url, 120_000)).toMatchObject({
      events,
      completed: events,
      outgoing: events,
    })

    const asked = await fetch(`${platform.url}/v1/projects/${shop.project}/events/replay`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        filter: {},
        per_second: Math.max(100, Math.min(1_000, EVENTS / 10)),
        reason: 'a soak',
      }),
    })
    const { id, matched } = (await asked.json()) as { id: string; matched: number }
    expect([asked.status, matched]).toEqual([202, events])
    const replayed = async (): Promise<number> => {
      const [row] = await sql<{ n: number }>(
        database.url,
        'SELECT replayed::int AS n FROM event_replays WHERE id = $1',
        [id],
      )
      return row?.n ?? -1
    }
    const killedAt: number[] = []
    for (let n = 0; n < KILLS; n++) {
      const goal = ((n + Math.random()) / KILLS) * events * 0.9
      await eventually(replayed, (count) => count >= goal, 300_000)
      // Between two looks, so that it falls anywhere within a step.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100))
      platform.child.kill('SIGKILL')
      await ended(platform.child)
      killedAt.push(await replayed())
      platform = await start()
    }
    const shown = await eventually(
      async () =>
        (await shop.get(platform.url, `/replays/${id}`)).body as { status: string; replayed: number },
      ({ status }) => status === 'done',
      300_000,
    )
    const done = await settled(database.url, 120_000)
    const [notes] = await sql<Record<string, number>>(
      database.url,
      `SELECT count(*)::int AS notes, count(DISTINCT event_id)::int AS events FROM event_attempts
       WHERE kind = 'replayed' AND replay_id = $1`,
      [id],
    )
    console.log(
      `replay: ${events} events, killed at ${killedAt.join(', ')}; ${notes?.notes} turns of ${notes?.events} events, ${done.outgoing} effects, ` +
        `${done.lost} attempts lost, at most ${done.attempts} an event`,
    )
    expect(shown.answer).toMatchObject({ status: 'done', replayed: events })
    expect(notes).toEqual({ notes: events, events })
    expect(done).toMatchObject({ events, completed: events, dead: 0, outgoing: events, origins: events })
  },
  30 * 60_000,
)
