import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { type Append, writeByRetention } from './appends.ts'
import { type Address, BodyGone, BodyStore, type StoredObject } from './body-store.ts'
import { GroupCommit } from './group-commit.ts'
import { inTime } from './in-time.ts'
import { newKey } from './keys.ts'

const LANES = 8

/** Bodies in S3 and what speaks its language: all that wait together become one object, one PUT with a checksum. */
export class S3Store extends BodyStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string
  readonly #groups: GroupCommit<Append, Address>

  constructor(
    url: URL,
    private readonly timeoutMs = 4_000,
  ) {
    super()
    this.#bucket = url.hostname
    this.#prefix = url.pathname.replace(/^\/|\/$/g, '')
    const endpoint = url.searchParams.get('endpoint')
    this.#client = new S3Client({
      region: url.searchParams.get('region') ?? 'auto',
      ...(endpoint !== null && { endpoint, forcePathStyle: true }),
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 2_000, requestTimeout: timeoutMs },
    })
    this.#groups = new GroupCommit(
      {
        lanes: LANES,
        groupItems: 1_000,
        groupBytes: 8 * 1024 * 1024,
        waitingBytes: 64 * 1024 * 1024,
        answerWithinMs: timeoutMs,
      },
      (items) => this.#write(items),
    )
  }

  urlOf(key: string): string {
    return `s3://${this.#bucket}/${this.#full(key)}`
  }

  append(bytes: Buffer, retentionSeconds: number): Promise<Address> {
    return this.#groups.add({ bytes, retentionSeconds }, bytes.length)
  }

  async put(key: string, bytes: Buffer): Promise<Address> {
    await inTime(this.timeoutMs, (signal) =>
      this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: this.#full(key),
          Body: bytes,
          ContentLength: bytes.length,
          IfNoneMatch: '*',
          // Both: S3 and R2 check SHA-256, older stores that speak the language check only MD5.
          ChecksumSHA256: createHash('sha256').update(bytes).digest('base64'),
          ContentMD5: createHash('md5').update(bytes).digest('base64'),
        }),
        { abortSignal: signal },
      ),
    )
    return { key, offset: 0, length: bytes.length }
  }

  async read({ key, offset, length }: Address): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0)
    return inTime(this.timeoutMs, async (signal) => {
      try {
        const answer = await this.#client.send(
          new GetObjectCommand({
            Bucket: this.#bucket,
            Key: this.#full(key),
            Range: `bytes=${offset}-${offset + length - 1}`,
          }),
          { abortSignal: signal },
        )
        const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
        // A server may answer a range with the whole.
        const wholeCame = answer.ContentRange === undefined || bytes.length > length
        return wholeCame ? bytes.subarray(offset, offset + length) : bytes
      } catch (error) {
        const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
        if (error instanceof NoSuchKey || status === 404) throw new BodyGone()
        if (status === 416) return Buffer.alloc(0) // Shorter than its record says: found out by whoever compares.
        throw error
      }
    })
  }

  async remove(key: string): Promise<void> {
    await inTime(this.timeoutMs, (signal) =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#full(key) }), {
        abortSignal: signal,
      }),
    )
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    const full = this.#full(`${prefix}/`)
    let token: string | undefined
    do {
      const page = await inTime(this.timeoutMs, (signal) =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: full, ContinuationToken: token }),
          { abortSignal: signal },
        ),
      )
      for (const { Key: key = '', LastModified: modifiedAt } of page.Contents ?? []) {
        if (modifiedAt) yield { key: `${prefix}/${key.slice(full.length)}`, modifiedAt }
      }
      token = page.NextContinuationToken
    } while (token)
  }

  async check(): Promise<void> {
    const key = newKey('single', 1)
    await this.put(key, Buffer.from('ready?'))
    await this.remove(key)
  }

  async close(): Promise<void> {
    await this.#groups.close()
    this.#client.destroy()
  }

  #write(items: Append[]): Promise<(Address | Error)[]> {
    return writeByRetention(items, (retention, buffers, total) =>
      this.put(newKey('segments', retention), Buffer.concat(buffers, total)),
    )
  }

  #full(key: string): string {
    return this.#prefix === '' ? key : `${this.#prefix}/${key}`
  }
}
