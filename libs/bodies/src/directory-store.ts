import { constants } from 'node:fs'
import { open, opendir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Append, writeByRetention } from './appends.ts'
import { type Address, BodyGone, BodyStore, BodyStoreUnavailable, type StoredObject } from './body-store.ts'
import { createFile, type OpenFile, syncFolder } from './durable-files.ts'
import { GroupCommit } from './group-commit.ts'
import { inTime } from './in-time.ts'
import { isOfPastDay, newKey } from './keys.ts'
import { Segment, SegmentLost } from './segment.ts'

const LANES = 2

/** Bodies in a directory: many in one segment file, fsynced in groups; single ones by write, fsync, rename, fsync. */
export class DirectoryStore extends BodyStore {
  readonly #groups: GroupCommit<Append, Address>
  /** Each lane appends to segments of its own, one a retention. */
  readonly #segments = Array.from({ length: LANES }, () => new Map<number, Segment>())
  /** Given up, but still holding threads of a pool of four that all of the process needs: no more are started. */
  #hanging = 0

  readonly #url: string

  constructor(
    private readonly folder: string,
    private readonly timeoutMs = 4_000,
    private readonly openFile: OpenFile = open,
  ) {
    super()
    this.#url = pathToFileURL(resolve(this.folder)).href
    this.#groups = new GroupCommit(
      {
        lanes: LANES,
        groupItems: 1_000,
        groupBytes: 16 * 1024 * 1024,
        waitingBytes: 64 * 1024 * 1024,
        answerWithinMs: timeoutMs,
      },
      (items, lane) => this.#write(items, lane),
    )
  }

  urlOf(key: string): string {
    return `${this.#url}/${key}`
  }

  append(bytes: Buffer, retentionSeconds: number): Promise<Address> {
    return this.#groups.add({ bytes, retentionSeconds }, bytes.length)
  }

  async put(key: string, bytes: Buffer): Promise<Address> {
    const path = join(this.folder, key)
    const draft = `${path}.draft`
    await this.#inTime(async () => {
      // The name is taken first, because rename would replace what another wrote there.
      await (await createFile(path, this.openFile)).close()
      try {
        const file = await createFile(draft, this.openFile)
        try {
          await file.writeFile(bytes)
          await file.datasync()
        } finally {
          await file.close()
        }
        await rename(draft, path)
        await syncFolder(dirname(path))
      } catch (error) {
        await Promise.allSettled([rm(draft, { force: true }), rm(path, { force: true })])
        throw error
      }
    })
    return { key, offset: 0, length: bytes.length }
  }

  async read({ key, offset, length }: Address): Promise<Buffer> {
    return this.#inTime(async () => {
      const file = await open(join(this.folder, key), constants.O_RDONLY).catch(async (error: unknown) => {
        // A volume that is not mounted is no proof that a body is gone.
        if (isMissing(error) && (await stat(this.folder))) throw new BodyGone()
        throw error
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
    const path = join(this.folder, key)
    await this.#inTime(async () => {
      await rm(path, { force: true })
      // A day's folder that nobody writes to any more goes with its last file; rmdir refuses while there is one.
      if (isOfPastDay(key)) await rmdir(dirname(path)).catch(() => undefined)
    })
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
    await this.#groups.close()
    for (const lane of this.#segments) {
      await Promise.all([...lane.values()].map((segment) => segment.close()))
      lane.clear()
    }
  }

  async #write(items: Append[], lane: number): Promise<(Address | Error)[]> {
    const segments = this.#segments[lane]!
    const outcomes = await writeByRetention(items, async (retention, buffers, total) => {
      try {
        return await this.#inTime((signal) => this.#append(segments, retention, { buffers, total, signal }))
      } catch (error) {
        // Whatever lies behind the last good byte of this segment is unknown: it is never appended to again.
        abandon(segments, retention)
        throw error
      }
    })
    for (const [retention, segment] of segments) {
      if (segment.takesMore) continue
      segments.delete(retention)
      void segment.close()
    }
    return outcomes
  }

  async #append(
    segments: Map<number, Segment>,
    retention: number,
    { buffers, total, signal }: { buffers: Buffer[]; total: number; signal: AbortSignal },
  ): Promise<{ key: string; offset: number }> {
    for (let isSecondTry = false; ; isSecondTry = true) {
      const segment = await this.#segmentFor(segments, retention, signal)
      try {
        return { key: segment.key, offset: await segment.append(buffers, total) }
      } catch (error) {
        // Nobody was told of these bytes yet, so a directory that was cleared costs no delivery.
        if (!(error instanceof SegmentLost) || isSecondTry || signal.aborted) throw error
        abandon(segments, retention)
      }
    }
  }

  async #segmentFor(
    segments: Map<number, Segment>,
    retention: number,
    signal: AbortSignal,
  ): Promise<Segment> {
    const current = segments.get(retention)
    if (current?.takesMore) return current
    const segment = await Segment.create(this.folder, retention, this.openFile)
    if (signal.aborted) {
      // This group was given up while the disk hung; its lane belongs to another by now.
      void segment.abandon()
      throw new BodyStoreUnavailable('a segment was opened too late')
    }
    segments.set(retention, segment)
    void current?.close()
    return segment
  }

  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#hanging > 0) throw new BodyStoreUnavailable('earlier operations still hang')
    return inTime(this.timeoutMs, (signal) => {
      const doing = work(signal)
      signal.addEventListener('abort', () => {
        this.#hanging++
        const settled = (): void => void this.#hanging--
        doing.then(settled, settled)
      })
      return doing
    })
  }
}

function abandon(segments: Map<number, Segment>, retention: number): void {
  void segments.get(retention)?.abandon()
  segments.delete(retention)
}

async function names(path: string): Promise<string[]> {
  return readdir(path).catch(() => [])
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
