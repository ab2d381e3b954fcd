import { execFileSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import {
  ended,
  eventually,
  readiness,
  refusedStart,
  type RunningProcess,
  startProcess,
  stopped,
} from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { OwnDatabase } from '../support/own-database.ts'
import { Shop } from '../support/shop.ts'

const folders = dataDirs()
const databases: FreshDatabase[] = []
afterAll(async () => {
  folders.remove()
  for (const database of databases) await database.drop()
})

const postmasterOf = (folder: string): number =>
  Number(readFileSync(join(realpathSync(join(folder, 'postgres')), 'postmaster.pid'), 'utf8').split('\n')[0])
const lives = (pid: number): boolean => {
  try {
    return !/ \(postgres\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('with the embedded database', () => {
  const folder = folders.make()

  test('killed: the next start ends the orphan and has what was kept; a second one beside it is refused', async () => {
    const first = await startProcess({ DATA_DIR: folder, PORT: '0' })
    // The first call that it suggests works as it is printed.
    const { answer: suggested } = await eventually(
      () => Promise.resolve(/"Try: (.*)"\}/.exec(first.output())?.[1] ?? ''),
      (found) => found !== '',
      5_000,
    )
    const command = JSON.parse(`"${suggested}"`) as string
    const { data } = JSON.parse(
      execFileSync('bash', ['-c', `${command} --silent`], { encoding: 'utf8' }),
    ) as {
      data: { provider: string }[]
    }
    expect(data.map(({ provider }) => provider)).toContain('moyasar')

    const shop = await Shop.open(first.url, folder)
    const answer = await shop.deliver(first.url, 'd-1', 'kept')
    const { event_id: event } = (await answer?.json()) as { event_id: string }
    first.child.kill('SIGKILL')
    await ended(first.child)
    const orphan = postmasterOf(folder)
    expect(lives(orphan)).toBe(true)

    const second = await startProcess({ DATA_DIR: folder, PORT: '0' })
    expect(lives(orphan)).toBe(false)
    expect(await shop.bodyOf(second.url, event)).toEqual({ status: 200, body: 'kept' })
    const { code, lines } = await refusedStart({ DATA_DIR: folder, PORT: '0' })
    expect([code, lines]).toEqual([
      1,
      [`Another Wasl runs with this DATA_DIR (${folder}). Stop it, or give this one a DATA_DIR of its own.`],
    ])

    // Its database dies alone: the process lives, says what is wrong, and brings it back.
    const server = postmasterOf(folder)
    process.kill(server, 'SIGKILL')
    const down = await eventually(
      () => readiness(second.url),
      ({ status }) => status === 503,
      5_000,
    )
    expect(down.answer.checks).toMatchObject({
      database: expect.not.stringMatching(/^ok$/),
      body_store: 'ok',
    })
    const back = await eventually(
      () => readiness(second.url),
      ({ status }) => status === 200,
      10_000,
    )
    expect(back.answer.status).toBe(200)
    expect(postmasterOf(folder)).not.toBe(server)
    expect(await shop.bodyOf(second.url, event)).toEqual({ status: 200, body: 'kept' })
    expect((await shop.deliver(second.url, 'd-1', 'kept'))?.status).toBe(200)

    expect(await stopped(second)).toBe(0)
    expect(lives(postmasterOrNone(folder))).toBe(false)
  }, 60_000)

  const postmasterOrNone = (of: string): number => {
    try {
      return postmasterOf(of)
    } catch {
      return -1
    }
  }
})

test('a database of its own that goes away: ready says so, the process lives, and is well within 5 s of it', async () => {
  const own = await OwnDatabase.start()
  let platform: RunningProcess | undefined
  try {
    const folder = folders.make()
    platform = await startProcess({ DATA_DIR: folder, DATABASE_URL: own.url, PORT: '0' })
    const { url } = platform
    const shop = await Shop.open(url, folder)
    expect((await shop.deliver(url, 'before', 'before'))?.status).toBe(200)
    await own.stop()
    const refused = await shop.deliver(url, 'meanwhile', 'meanwhile')
    expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([503, '5'])
    const health = await readiness(url)
    expect([health.status, health.checks]).toEqual([
      503,
      { database: 'unreachable', migrations: 'unreachable', body_store: 'ok', keys: 'unreachable' },
    ])
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    await own.start()
    const { answer, ms } = await eventually(
      () => shop.deliver(url, 'meanwhile', 'meanwhile'),
      (response) => response?.status === 200,
      10_000,
    )
    expect(await answer?.json()).toMatchObject({ duplicate: false })
    expect(ms).toBeLessThan(5_000)
    expect((await readiness(url)).status).toBe(200)
    expect(await stopped(platform)).toBe(0)
  } finally {
    platform?.child.kill('SIGKILL')
    await own.remove()
  }
}, 60_000)

describe('ROLES', () => {
  const started = async (roles: string): Promise<RunningProcess> => {
    const database = await freshDatabase()
    databases.push(database)
    return startProcess({ DATA_DIR: folders.make(), DATABASE_URL: database.url, PORT: '0', ROLES: roles })
  }

  test('worker,scheduler: health and metrics, nothing else; api: everything that asks for an answer', async () => {
    const paths = ['/health/live', '/health/ready', '/metrics', '/v1/providers', '/docs', '/openapi.json']
    const statuses = async (roles: string): Promise<number[]> => {
      const platform = await started(roles)
      const answers = await Promise.all(paths.map((path) => fetch(platform.url + path)))
      expect(await stopped(platform)).toBe(0)
      return answers.map(({ status }) => status)
    }
    expect(await statuses('worker,scheduler')).toEqual([200, 200, 200, 404, 404, 404])
    expect(await statuses('api')).toEqual([200, 200, 200, 401, 200, 200])
  }, 60_000)
})
