import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Logger } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { register } from 'prom-client'
import { type FreshDatabase, freshDatabase, sql } from '../../../test/support/database.ts'
import { type Task } from './task.ts'
import { Tasks, UnknownTask } from './tasks.ts'

let fresh: FreshDatabase
let folder: string
const databases: Database[] = []
beforeAll(async () => {
  Logger.overrideLogger(false)
  folder = mkdtempSync(join(tmpdir(), 'wasl-tasks-'))
  fresh = await freshDatabase()
  await sql(fresh.url, 'CREATE TABLE effects (task text, replica int)')
})
beforeEach(() => sql(fresh.url, 'TRUNCATE effects'))
afterAll(async () => {
  for (const database of databases) await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true })
})

/** Replicas of one platform; each task is made for its replica. */
async function replicas(
  count: number,
  task: (replica: number, database: Database) => Task,
): Promise<Tasks[]> {
  const made: Tasks[] = []
  for (let n = 0; n < count; n++) {
    const database = await Database.connect(fresh.url)
    databases.push(database)
    const tasks = new Tasks(Settings.read({ DATA_DIR: folder }), database, new SchedulerRegistry())
    tasks.add(task(n, database))
    made.push(tasks)
  }
  return made
}
const gate = (): { opened: Promise<void>; open(): void } => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}
const effects = () =>
  sql<{ task: string; replica: number }>(fresh.url, 'SELECT * FROM effects ORDER BY replica')
const cutLock = () =>
  sql(
    fresh.url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'wasl-lock' AND datname = current_database()`,
  )

test('of two replicas at once one runs a task, and the other is told so', async () => {
  const both = { first: gate(), second: gate() }
  const [one, two] = await replicas(2, (replica, database) => ({
    name: 'once',
    everySeconds: 60,
    run: async () => {
      both.first.open()
      await both.second.opened
      await database.query('INSERT INTO effects VALUES ($1, $2)', ['once', replica])
      return { effects: 1 }
    },
  }))
  const first = one!.run('once')
  await both.first.opened
  expect(await two!.run('once')).toBeNull()
  both.second.open()
  expect(await first).toEqual({ effects: 1 })
  expect(await effects()).toEqual([{ task: 'once', replica: 0 }])
  // And then it is the other's turn.
  expect(await two!.run('once')).toEqual({ effects: 1 })
})

test('twenty rounds of three replicas: twenty effects at least one each, never two at a time', async () => {
  let [running, most] = [0, 0]
  const all = await replicas(3, (replica, database) => ({
    name: 'rounds',
    everySeconds: 60,
    run: async () => {
      most = Math.max(most, ++running)
      await database.query('INSERT INTO effects VALUES ($1, $2)', ['rounds', replica])
      running--
      return {}
    },
  }))
  let done = 0
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.all(all.map((tasks) => tasks.run('rounds')))
    done += outcomes.filter((outcome) => outcome !== null).length
    expect(outcomes.some((outcome) => outcome !== null)).toBe(true)
  }
  expect(most).toBe(1)
  expect(await effects()).toHaveLength(done)
})

test('a lock that is lost is told to who worked under it, and is free for the next', async () => {
  const begun = gate()
  const told = gate()
  const rest = gate()
  const [one, two] = await replicas(2, (replica) => ({
    name: 'long',
    everySeconds: 60,
    run: async ({ signal }): Promise<Record<string, number>> => {
      if (replica === 1) return { here: 1 }
      signal.addEventListener('abort', told.open)
      begun.open()
      await rest.opened
      return {}
    },
  }))
  const first = one!.run('long')
  await begun.opened
  expect(await two!.run('long')).toBeNull()
  await cutLock()
  await told.opened
  expect(await two!.run('long')).toEqual({ here: 1 })
  rest.open()
  await first
})

test('a task that fails gives its lock back', async () => {
  const [one, two] = await replicas(2, (replica) => ({
    name: 'failing',
    everySeconds: null,
    run: () => (replica === 0 ? Promise.reject(new Error('no')) : Promise.resolve({ fine: 1 })),
  }))
  await expect(one!.run('failing')).rejects.toThrow('no')
  expect(await two!.run('failing')).toEqual({ fine: 1 })
})

test('many at once leave the pool to the others: a lock has a connection of its own', async () => {
  const rest = gate()
  const [tasks] = await replicas(1, () => ({ name: 'task 0', everySeconds: null, run: async () => ({}) }))
  const begun: Promise<void>[] = []
  const running = Array.from({ length: 12 }, (_, n) => {
    const here = gate()
    begun.push(here.opened)
    tasks!.add({
      name: `held ${n}`,
      everySeconds: null,
      run: async () => {
        here.open()
        await rest.opened
        return {}
      },
    })
    return tasks!.run(`held ${n}`)
  })
  await Promise.all(begun)
  expect(await databases.at(-1)!.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  rest.open()
  await Promise.all(running)
})

test('the metrics tell of each run, under names that the rooms have given', async () => {
  const [tasks] = await replicas(1, () => ({ name: 'told', everySeconds: null, run: async () => ({}) }))
  await tasks!.run('told')
  await expect(tasks!.run('a name from outside')).rejects.toThrow(UnknownTask)
  await expect(tasks!.run('a name from outside')).rejects.toThrow(
    'There is no task "a name from outside". There are: told.',
  )
  const text = await register.metrics()
  expect(text).toContain('wasl_task_runs_total{task="told",outcome="done"} 1')
  expect(text).toMatch(/wasl_task_last_run_timestamp_seconds\{task="told"\} \d{10}/)
  expect(text).toMatch(/wasl_task_duration_seconds\{task="told"\} \d/)
  expect(text).not.toContain('a name from outside')
})
