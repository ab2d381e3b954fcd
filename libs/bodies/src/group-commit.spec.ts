import { describe, expect, test } from '@jest/globals'
import { BodyStoreUnavailable } from './body-store.ts'
import { GroupCommit } from './group-commit.ts'

const limits = { lanes: 1, groupItems: 1_000, groupBytes: 1_000_000, waitingBytes: 1_000_000 }

/** A write that ends when the test says so. */
function handWritten(): {
  groups: number[][]
  write: (items: number[]) => Promise<number[]>
  finish(error?: Error): void
} {
  const groups: number[][] = []
  let settle: (error?: Error) => void = () => undefined
  return {
    groups,
    write: (items) => {
      groups.push(items)
      return new Promise((resolve, reject) => {
        settle = (error) => (error ? reject(error) : resolve(items))
      })
    },
    finish: (error) => settle(error),
  }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('group commit', () => {
  test('what arrives during a write goes together into the next, which starts when that returns', async () => {
    const { groups, write, finish } = handWritten()
    const commits = new GroupCommit(limits, write)
    const first = commits.add(1, 1)
    await turn()
    const rest = Promise.all([2, 3, 4].map((n) => commits.add(n, 1)))
    await turn()
    expect(groups).toEqual([[1]])
    finish()
    await first
    await turn()
    expect(groups).toEqual([[1], [2, 3, 4]])
    finish()
    expect(await rest).toEqual([2, 3, 4])
  })

  test('a failed group fails its members and nobody after them', async () => {
    const { write, finish } = handWritten()
    const commits = new GroupCommit(limits, write)
    const failed = Promise.allSettled([commits.add(1, 1), commits.add(2, 1)])
    await turn()
    const next = commits.add(3, 1)
    finish(new Error('no'))
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await turn()
    finish()
    expect(await next).toBe(3)
  })

  test('each member has its own outcome', async () => {
    const commits = new GroupCommit<number, string>(limits, (items) =>
      Promise.resolve(items.map((n) => (n === 2 ? new Error('bad row') : `kept ${n}`))),
    )
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => commits.add(n, 1)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('a group is bounded in items and bytes; one that is too big by itself still goes', async () => {
    const groups: number[][] = []
    const commits = new GroupCommit<number, number>({ ...limits, groupItems: 3, groupBytes: 10 }, (items) => {
      groups.push(items)
      return Promise.resolve(items)
    })
    await Promise.all([1, 1, 1, 1, 6, 6, 99].map((size) => commits.add(size, size)))
    expect(groups).toEqual([[1, 1, 1], [1, 6], [6], [99]])
  })

  test('what waits is bounded: at the limit the next is refused at once, after it there is room again', async () => {
    const { write, finish } = handWritten()
    const commits = new GroupCommit({ ...limits, waitingBytes: 10 }, write)
    const underWay = commits.add(1, 10)
    await turn()
    const waiting = commits.add(2, 10)
    await expect(commits.add(3, 1)).rejects.toThrow(BodyStoreUnavailable)
    finish()
    await underWay
    await turn()
    const third = commits.add(3, 1)
    finish()
    await waiting
    await turn()
    finish()
    expect(await third).toBe(3)
  })

  test('nobody waits longer than promised, under way or behind it, and what gave up is not written', async () => {
    const { groups, write, finish } = handWritten()
    const commits = new GroupCommit({ ...limits, answerWithinMs: 30 }, write)
    const underWay = commits.add(1, 1)
    await turn()
    const behind = commits.add(2, 1)
    await expect(underWay).rejects.toThrow(BodyStoreUnavailable)
    await expect(behind).rejects.toThrow(BodyStoreUnavailable)
    const later = commits.add(3, 1)
    finish()
    await turn()
    expect(groups).toEqual([[1], [3]])
    finish()
    expect(await later).toBe(3)
  })

  test('closing ends when the last has its answer', async () => {
    const { write, finish } = handWritten()
    const commits = new GroupCommit(limits, write)
    const last = commits.add(1, 1)
    const closed = commits.close().then(() => 'closed')
    await turn()
    expect(await Promise.race([closed, turn().then(() => 'open')])).toBe('open')
    await expect(commits.add(2, 1)).rejects.toThrow(BodyStoreUnavailable)
    finish()
    expect(await last).toBe(1)
    expect(await closed).toBe('closed')
  })
})
