import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { SchedulerRegistry } from '@nestjs/schedule'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.ts'
import { Tasks } from './tasks.ts'

let fresh: FreshDatabase
let database: Database
let tasks: Tasks
const folder = mkdtempSync(join(tmpdir(), 'wasl-tasks-'))

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
})
beforeEach(() => {
  tasks = new Tasks(Settings.read({ DATA_DIR: folder }), database, new SchedulerRegistry())
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true, force: true })
})

test('the steps of several rooms run one after the other under one name, and tell what each did', async () => {
  const order: string[] = []
  for (const room of ['a', 'b']) {
    tasks.add({
      name: 'retention',
      everySeconds: 60,
      run: async () => {
        order.push(room)
        return { [room]: 1 }
      },
    })
  }
  expect(tasks.names()).toEqual(['retention'])
  expect(await tasks.run('retention')).toEqual({ a: 1, b: 1 })
  expect(order).toEqual(['a', 'b'])
})

test('a step that fails keeps no other from its work, and the task has failed', async () => {
  let done = 0
  tasks.add({ name: 'x', everySeconds: 60, run: () => Promise.reject(new Error('the first one failed')) })
  tasks.add({ name: 'x', everySeconds: 60, run: async () => ({ done: ++done }) })
  await expect(tasks.run('x')).rejects.toThrow('the first one failed')
  expect(done).toBe(1)
})

test('steps that do not agree on how often are refused', () => {
  tasks.add({ name: 'x', everySeconds: 60, run: async () => ({}) })
  expect(() => {
    tasks.add({ name: 'x', everySeconds: 61, run: async () => ({}) })
  }).toThrow('do not agree')
})
