import { expect, test } from '@jest/globals'
import { type Task, type Turn, WholeTask } from './task.ts'

const turn = (): Turn & { stop(): void } => {
  const stopping = new AbortController()
  return { signal: stopping.signal, byHand: false, stop: () => stopping.abort() }
}
const task = (...parts: Partial<Task>[]): WholeTask => {
  const whole = new WholeTask('retention', 60)
  for (const part of parts) {
    whole.add({ name: 'retention', everySeconds: 60, run: () => Promise.resolve({ n: 1 }), ...part })
  }
  return whole
}

test('parts of several rooms run one after another, and say who did what', async () => {
  const order: string[] = []
  const part = (name: string): Partial<Task> => ({
    part: name,
    run: async () => {
      order.push(`${name} begins`)
      await Promise.resolve()
      order.push(`${name} ends`)
      return { removed: 2, kept: 1 }
    },
  })
  const outcome = await task({}, part('events'), part('logs')).run(turn())
  expect(outcome).toEqual({ n: 1, events_removed: 2, events_kept: 1, logs_removed: 2, logs_kept: 1 })
  expect(order).toEqual(['events begins', 'events ends', 'logs begins', 'logs ends'])
})

test('one that fails keeps nobody from running, and the task has failed', async () => {
  const ran: string[] = []
  const good = { part: 'good', run: () => Promise.resolve({ n: ran.push('good') }) }
  const fails = (part: string): Partial<Task> => ({ part, run: () => Promise.reject(new Error(part)) })
  await expect(task(fails('bad'), good).run(turn())).rejects.toThrow('bad')
  await expect(task(fails('bad'), good, fails('worse')).run(turn())).rejects.toMatchObject({
    errors: [new Error('bad'), new Error('worse')],
  })
  expect(ran).toEqual(['good', 'good'])
})

test('told to stop, it begins no other part', async () => {
  const stopped = turn()
  const first = {
    part: 'first',
    run: () => {
      stopped.stop()
      return Promise.resolve({ n: 1 })
    },
  }
  expect(await task(first, { part: 'second' }).run(stopped)).toEqual({ first_n: 1 })
})

test('two parts of one name, and parts that disagree on the interval, are mistakes', () => {
  expect(() => task({ part: 'events' }, { part: 'events' })).toThrow('has the part "events" twice')
  expect(() => task({}, {})).toThrow('twice')
  expect(() => task({}, { part: 'events', everySeconds: 61 })).toThrow('disagree')
})
