import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Address, BodyGone, BodyStore, BodyStoreUnavailable, type StoredObject } from './body-store.ts'
import { GroupCommit } from './group-commit.ts'
import { newKey } from './keys.ts'
import { inTime } from './in-time.ts'

interface Segment {
  key: string
  file: FileHandle
  size: number
  openedAt: number
}

interface Append {
  bytes: Buffer
  retentionSeconds: number
}

export const SEGMENT_BYTES = 64 * 1024 * 1024
export const SEGMENT_AGE_MS = 10 * 60 * 1000
const LANES = 2

/** Bodies in a directory: many in one segment file, fsynced in groups; single ones by write, fsync, rename, fsync. */
export class DirectoryStore extends BodyStore {
  readonly #groups: GroupCommit<Append, Address>
  /** Each lane appends to segments of its own, one a retention. */
  readonly #segments = Array.from({ length: LANES }, () => new Map<number, Segment>())

  constructor(
    private readonly folder: string,
    private readonly timeoutMs = 4_000,
  ) {
    super()
    this.#groups = new GroupCommit(
      { lanes: LANES, groupItems: 1_000, groupBytes: 16 * 1024 * 1024, waitingBytes: 64 * 1024 * 1024 },
      (items, lane) => this.#write(items, lane),
    )
  }

  urlOf(key: string): string {
    return pathToFileURL(join(this.folder, key)).href
  }

  append(bytes: Buffer, retentionSeconds: number): Promise<Address> {
    return this.#groups.add({ bytes, retentionSeconds }, bytes.length)
  }

  async put(key: string, bytes: Buffer): Promise<Address> {
    const path = join(this.folder, key)
    const draft = `${path}.draft`
    await inTime(this.timeoutMs, async () => {
      await this.#makeFolder(dirname(path))
      const file = await open(draft, 'wx', 0o600)
      try {
        await file.writeFile(bytes)
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
      await syncFolder(dirname(path))
    })
    return { key, offset: 0, length: bytes.length }
  }

  async read({ key, offset, length }: Address): Promise<Buffer> {
    return inTime(this.timeoutMs, async () => {
      const file = await open(join(this.folder, key), constants.O_RDONLY).catch((error: unknown) => {
        throw isMissing(error) ? new BodyGone() : error
      })
      try {
        const bytes = Buffer.allocUnsafe(length)
        const { bytesRead } = await file.read(bytes, 0, length, offset)
        return bytes.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    })
  }

  async remove(key: string): Promise<void> {
    await inTime(this.timeoutMs, () => rm(join(this.folder, key), { force: true }))
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    for (const retention of await names(join(this.folder, prefix))) {
      for (const day of await names(join(this.folder, prefix, retention))) {
        const folder = join(this.folder, prefix, retention, day)
        for await (const entry of await opendir(folder).catch(() => [])) {
          const found = await stat(join(folder, entry.name)).catch(() => null)
          if (found?.isFile()) {
            yield { key: `${prefix}/${retention}/${day}/${entry.name}`, modifiedAt: found.mtime }
          }
        }
      }
    }
  }

  async check(): Promise<void> {
    const key = newKey('single', 1)
    await this.put(key, Buffer.from('ready?'))
    await this.remove(key)
  }

  async close(): Promise<void> {
    await Promise.all(this.#segments.flatMap((lane) => [...lane.values()].map(({ file }) => file.close())))
    for (const lane of this.#segments) lane.clear()
  }

  async #write(items: Append[], lane: number): Promise<(Address | Error)[]> {
    const outcomes = new Array<Address | Error>(items.length)
    for (const retention of new Set(items.map(({ retentionSeconds }) => retentionSeconds))) {
      const members = items.flatMap((item, index) => (item.retentionSeconds === retention ? [index] : []))
      const buffers = members.map((index) => items[index]!.bytes)
      try {
        const addresses = await inTime(this.timeoutMs, () => this.#appendTo(lane, retention, buffers))
        members.forEach((index, i) => (outcomes[index] = addresses[i]!))
      } catch (error) {
        // Whatever lies behind the last good byte of this segment is unknown: it is never appended to again.
        const abandoned = this.#segments[lane]!.get(retention)
        this.#segments[lane]!.delete(retention)
        void abandoned?.file.close().catch(() => undefined)
        const failure =
          error instanceof BodyStoreUnavailable ? error : new BodyStoreUnavailable(reasonOf(error), error)
        members.forEach((index) => (outcomes[index] = failure))
      }
    }
    return outcomes
  }

  async #appendTo(lane: number, retention: number, buffers: Buffer[]): Promise<Address[]> {
    const segment = await this.#openSegment(lane, retention)
    const total = buffers.reduce((sum, { length }) => sum + length, 0)
    const { bytesWritten } = await segment.file.writev(buffers, segment.size)
    if (bytesWritten !== total) throw new BodyStoreUnavailable('the write was cut short')
    await segment.file.datasync()
    return buffers.map(({ length }) => {
      const address = { key: segment.key, offset: segment.size, length }
      segment.size += length
      return address
    })
  }

  async #openSegment(lane: number, retention: number): Promise<Segment> {
    const lanes = this.#segments[lane]!
    const current = lanes.get(retention)
    if (current && current.size < SEGMENT_BYTES && Date.now() - current.openedAt < SEGMENT_AGE_MS) {
      // A file that was deleted from under us still takes writes that nobody could ever read.
      const { nlink } = await current.file.stat()
      if (nlink > 0) return current
    }
    lanes.delete(retention)
    await current?.file.close()
    const key = newKey('segments', retention)
    const path = join(this.folder, key)
    await this.#makeFolder(dirname(path))
    const file = await open(path, 'wx', 0o600)
    await syncFolder(dirname(path))
    const segment = { key, file, size: 0, openedAt: Date.now() }
    lanes.set(retention, segment)
    return segment
  }

  /** Makes a folder and whatever lacks above it, each made durable in its parent. */
  async #makeFolder(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function names(path: string): Promise<string[]> {
  return readdir(path).catch(() => [])
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'a write failed'
}
