import { statSync } from 'node:fs'
import { type FileHandle, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BodyStoreUnavailable } from './body-store.ts'
import { createFile, type OpenFile, syncFolder, WRITES_THROUGH } from './durable-files.ts'
import { newKey, SEGMENT_AGE_MS } from './keys.ts'

const SEGMENT_BYTES = 64 * 1024 * 1024

/** The file was removed or moved from under us: what is written to it, nobody could ever read. */
export class SegmentLost extends BodyStoreUnavailable {
  constructor() {
    super('a segment file disappeared')
  }
}

/** An open segment file. It only grows, and only its one lane writes to it. */
export class Segment {
  #size = 0
  #ended: Promise<void> | undefined
  readonly #openedAt = Date.now()

  private constructor(
    readonly key: string,
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly inode: bigint,
  ) {}

  static async create(folder: string, retentionSeconds: number, openFile: OpenFile): Promise<Segment> {
    const key = newKey('segments', retentionSeconds)
    const path = join(folder, key)
    const file = await createFile(path, openFile, WRITES_THROUGH)
    try {
      await syncFolder(dirname(path))
      const { ino } = await file.stat({ bigint: true })
      return new Segment(key, path, file, ino)
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  get takesMore(): boolean {
    return this.#ended === undefined && this.#size < SEGMENT_BYTES && !this.isOld
  }

  get isOld(): boolean {
    return Date.now() - this.#openedAt >= SEGMENT_AGE_MS
  }

  /** Resolves with the offset of the first byte once all are on disk. After a failure nothing more may be appended. */
  async append(buffers: Buffer[], total: number): Promise<number> {
    const offset = this.#size
    const { bytesWritten } = await this.file.writev(buffers, offset)
    if (bytesWritten !== total) throw new BodyStoreUnavailable('a write was cut short')
    if (WRITES_THROUGH === 0) await this.file.datasync()
    if (!this.#isThere()) throw new SegmentLost()
    this.#size = offset + total
    return offset
  }

  close(): Promise<void> {
    return (this.#ended ??= this.file.close().catch(() => undefined))
  }

  /** Ends a segment after a failure; one in which nothing was acknowledged leaves no litter on a full disk. */
  async abandon(): Promise<void> {
    await this.close()
    if (this.#size === 0) await rm(this.path, { force: true }).catch(() => undefined)
  }

  /** Asked without a thread: the disk has just answered, and this look into its directory costs microseconds. */
  #isThere(): boolean {
    try {
      return statSync(this.path, { bigint: true, throwIfNoEntry: false })?.ino === this.inode
    } catch {
      return false
    }
  }
}
