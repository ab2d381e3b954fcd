import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdtemp, open, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { BodyGone, BodyStoreUnavailable } from './body-store.ts'
import { DirectoryStore } from './directory-store.ts'
import type { OpenFile } from './durable-files.ts'
import { addressOf } from './keys.ts'
import { askBodyStore, listed } from './testing/body-store.questions.ts'

const bytes = Buffer.from('a delivery')
let folder: string
let store: DirectoryStore

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'wasl bodies ')), 'bodies')
  store = new DirectoryStore(folder)
})
afterEach(async () => {
  await store.close()
  await rm(join(folder, '..'), { recursive: true, force: true })
})

describe('a directory', () => {
  askBodyStore(() => store, { refusesTakenNames: true })
})

describe('a directory that changes under a running store', () => {
  test('removed: made anew, and nothing that is acknowledged after that is lost', async () => {
    await store.append(bytes, 60)
    await rm(folder, { recursive: true })
    expect(await store.read(await store.append(bytes, 60))).toEqual(bytes)
  })

  test('moved away: the next body lies where it will be looked for', async () => {
    await store.append(bytes, 60)
    await rename(folder, `${folder}-moved`)
    expect(await store.read(await store.append(bytes, 60))).toEqual(bytes)
  })

  test('gone when asked for a body: unavailable, for it may only be unmounted', async () => {
    const address = await store.append(bytes, 60)
    await rename(folder, `${folder}-moved`)
    await expect(store.read(address)).rejects.toThrow(BodyStoreUnavailable)
    await rename(`${folder}-moved`, folder)
    expect(await store.read(address)).toEqual(bytes)
    await store.remove(address.key)
    await expect(store.read(address)).rejects.toThrow(BodyGone)
  })

  test('a file where the directory should be: unavailable, then well again by itself', async () => {
    await writeFile(folder, '')
    await expect(store.append(bytes, 60)).rejects.toThrow(BodyStoreUnavailable)
    await expect(store.check()).rejects.toThrow(BodyStoreUnavailable)
    await rm(folder)
    await store.check()
    expect(await store.read(await store.append(bytes, 60))).toEqual(bytes)
  })

  test('a segment cut short by somebody gives fewer bytes', async () => {
    const address = await store.append(bytes, 60)
    await truncate(join(folder, address.key), 3)
    expect(await store.read(address)).toEqual(bytes.subarray(0, 3))
  })
})

test('what is acknowledged is on disk, not in the cache of the system', async () => {
  const durable: boolean[] = []
  const watched: OpenFile = async (path, flags, mode) => {
    const file = await open(path, flags, mode)
    const writesThrough = process.platform === 'linux' && (Number(flags) & constants.O_DSYNC) !== 0
    return new Proxy(file, {
      get(target, name) {
        if (name === 'writev') durable.push(writesThrough)
        if (name === 'datasync') durable[durable.length - 1] = true
        const own: unknown = Reflect.get(target, name, target)
        return typeof own === 'function' ? (own.bind(target) as unknown) : own
      },
    })
  }
  const spied = new DirectoryStore(folder, 4_000, watched)
  await spied.append(bytes, 60)
  await spied.append(bytes, 60)
  expect(durable).toEqual([true, true])
  await spied.close()
})

describe('a disk that fails', () => {
  /** Files that do what `fault` says instead of their own writes, as long as it says something. */
  function faulty(fault: { writev?: () => Promise<never> }): OpenFile {
    return async (path, flags, mode) => {
      const file = await open(path, flags, mode)
      return new Proxy(file, {
        get: (target, name) => {
          const replaced = (fault as Record<string | symbol, unknown>)[name]
          if (replaced !== undefined) return replaced
          const own: unknown = Reflect.get(target, name, target)
          return typeof own === 'function' ? (own.bind(target) as unknown) : own
        },
      })
    }
  }

  /** Asks until the store answers: what hung needs some turns of the loop to come back. */
  async function onceWell<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof BodyStoreUnavailable)) throw error
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  test.each(['ENOSPC', 'EIO', 'EDQUOT'])(
    '%s: the group is refused, its segment left, the next one kept',
    async (code) => {
      const fault: Parameters<typeof faulty>[0] = {}
      const failing = new DirectoryStore(folder, 4_000, faulty(fault))
      const before = await failing.append(bytes, 60)
      fault.writev = () => Promise.reject(Object.assign(new Error('disk'), { code }))
      const group = await Promise.allSettled(Array.from({ length: 20 }, () => failing.append(bytes, 60)))
      expect(
        group.every((one) => one.status === 'rejected' && one.reason instanceof BodyStoreUnavailable),
      ).toBe(true)
      delete fault.writev
      const after = await failing.append(bytes, 60)
      expect(after.key).not.toBe(before.key)
      expect(await failing.read(before)).toEqual(bytes)
      expect(await failing.read(after)).toEqual(bytes)
      await failing.close()
    },
  )

  test('failing again and again leaves no heap of empty files', async () => {
    const failing = new DirectoryStore(
      folder,
      4_000,
      faulty({ writev: () => Promise.reject(Object.assign(new Error('disk'), { code: 'ENOSPC' })) }),
    )
    for (let n = 0; n < 30; n++) await expect(failing.append(bytes, 60)).rejects.toThrow(BodyStoreUnavailable)
    await failing.close()
    expect((await listed(failing, 'segments')).length).toBeLessThanOrEqual(2)
  })

  test('hanging: refused in time, at once while it lasts, and well again after', async () => {
    const fault: Parameters<typeof faulty>[0] = {}
    const hanging = new DirectoryStore(folder, 100, faulty(fault))
    let goOn: () => void = () => undefined
    const stuck = new Promise<void>((resolve) => (goOn = resolve)).then(() =>
      Promise.reject(new Error('late')),
    )
    let writes = 0
    fault.writev = () => (writes++, stuck)
    for (let n = 0; n < 6; n++) await expect(hanging.append(bytes, 60)).rejects.toThrow(BodyStoreUnavailable)
    // Each that hangs holds a thread; the process needs the others.
    expect(writes).toBeLessThanOrEqual(2)
    await expect(hanging.check()).rejects.toThrow('still hang')
    delete fault.writev
    goOn()
    expect(await hanging.read(await onceWell(() => hanging.append(bytes, 60)))).toEqual(bytes)
    await hanging.close()
  })

  test('opening a segment so late that its group was given up: two groups never share an offset', async () => {
    let release: () => void = () => undefined
    let opens = 0
    const slowFirst: OpenFile = async (...args) => {
      const file = await open(...args)
      if (opens++ === 0) await new Promise<void>((resolve) => (release = resolve))
      return file
    }
    const late = new DirectoryStore(folder, 100, slowFirst)
    await expect(late.append(Buffer.from('given up'), 60)).rejects.toThrow(BodyStoreUnavailable)
    release()
    const addresses = await onceWell(() =>
      Promise.all(Array.from({ length: 50 }, () => late.append(bytes, 60))),
    )
    for (const address of addresses) expect(await late.read(address)).toEqual(bytes)
    await late.close()
  })
})

describe('a process of its own', () => {
  const keeper = join(import.meta.dirname, 'testing', 'keeper.ts')
  const node = [process.execPath, '--experimental-transform-types', '--no-warnings', keeper]

  test('killed with -9 under load: everything it acknowledged is there with its bytes', async () => {
    for (let round = 0; round < 3; round++) {
      const child = spawn(node[0]!, [...node.slice(1), folder, '64', '4000'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines = await linesUntil(child, (all) => all.length >= 2_000 + round * 517)
      await expectKept(lines)
    }
  })

  test('a limit on file size cuts writes short for real: refused, and it goes on in a new segment', async () => {
    const script = `ulimit -f 64 && exec "$0" "$@"`
    const child = spawn('sh', ['-c', script, ...node, folder, '8', '9000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = await linesUntil(child, (all) => segmentsIn(all).size > 3)
    expect(lines.some((line) => line.includes('cut short'))).toBe(true)
    await expectKept(lines)
  })

  const segmentsIn = (lines: string[]): Set<string> =>
    new Set(lines.flatMap((line) => line.match(/segments[^#]*/)?.[0] ?? []))

  async function linesUntil(child: ChildProcess, isEnough: (lines: string[]) => boolean): Promise<string[]> {
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line)
      if (!child.killed && isEnough(lines)) child.kill('SIGKILL')
    }
    return lines
  }

  async function expectKept(lines: string[]): Promise<void> {
    const kept = lines.filter((line) => /^kept \S.* [0-9a-f]{64}$/.test(line))
    expect(kept.length).toBeGreaterThan(5)
    for (const line of kept) {
      const [, url = '', digest] = /^kept (.*) (\w+)$/.exec(line) ?? []
      const found = await store.read(addressOf(url))
      expect(createHash('sha256').update(found).digest('hex')).toBe(digest)
    }
  }
})

test('the folder of a day long past goes with its last object', async () => {
  const key = 'single/60/20200101/0199f5b6-0000-7000-8000-000000000000'
  await store.put(key, bytes)
  await store.remove(key)
  expect(await readdir(join(folder, 'single', '60'))).toEqual([])
})

test('closing waits for what was taken, and takes nothing more', async () => {
  const taken = Array.from({ length: 100 }, () => store.append(bytes, 60))
  await store.close()
  for (const address of await Promise.all(taken)) expect(await store.read(address)).toEqual(bytes)
  await expect(store.append(bytes, 60)).rejects.toThrow(BodyStoreUnavailable)
})
