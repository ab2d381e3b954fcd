import type { KeyObject } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { decrypt, encrypt, EnvelopeBroken, SEALING_BYTES, sha256 } from '@app/secrets'
import { BodyKeys } from './body-keys.ts'
import { BodyBroken, BodyStore } from './body-store.ts'
import { JointReads } from './joint-reads.ts'
import { addressOf, newKey, urlOf } from './keys.ts'

/** Whose body it is: bound into the ciphertext, so that it opens nowhere else. */
export interface BodyOwner {
  projectId: string
  environment: string
  /** The event's id, or the quarantine entry's. */
  id: string
}

const FORMAT = 1
const FORMAT_BYTE = Buffer.of(FORMAT)
const HEADER_BYTES = 17

/** Raw bodies: encrypted under their project's key, kept outside the database, read back exactly or not at all. */
@Injectable()
export class Bodies {
  readonly #reads: JointReads

  constructor(
    private readonly store: BodyStore,
    private readonly keys: BodyKeys,
  ) {
    this.#reads = new JointReads(store)
  }

  /** Resolves, with the body's `raw_body_url`, once it is durable. */
  async keep(body: Buffer, owner: BodyOwner, retentionSeconds: number): Promise<string> {
    const address = await this.store.append(await this.#sealed(body, owner), retentionSeconds)
    return urlOf(this.store.urlOf(address.key), address)
  }

  /** The same as an object of its own, which can be removed before its neighbours. */
  async keepAlone(body: Buffer, owner: BodyOwner, retentionSeconds: number): Promise<string> {
    const address = await this.store.put(newKey('single', retentionSeconds), await this.#sealed(body, owner))
    return urlOf(this.store.urlOf(address.key), address)
  }

  /** The bytes as they came. {@link BodyBroken}: what is stored does not match `expected`. */
  async read(url: string, owner: BodyOwner, expected: { sha256: string; size: number }): Promise<Buffer> {
    const address = addressOf(url)
    // Asked before reading: no more memory is taken than the row says there is.
    if (address.length !== HEADER_BYTES + SEALING_BYTES + expected.size) throw new BodyBroken()
    const record = await this.#reads.read(address)
    if (record.length !== address.length || record[0] !== FORMAT) throw new BodyBroken()
    const { id, key } = await this.keys.byId(uuidIn(record), owner.projectId)
    const body = this.#opened(key, record.subarray(HEADER_BYTES), aadOf(owner, id))
    if (body.length !== expected.size || sha256(body).toString('hex') !== expected.sha256) {
      throw new BodyBroken()
    }
    return body
  }

  async remove(url: string): Promise<void> {
    await this.store.remove(addressOf(url).key)
  }

  check(): Promise<void> {
    return this.store.check()
  }

  async #sealed(body: Buffer, owner: BodyOwner): Promise<Buffer> {
    const { id, idBytes, key } = await this.keys.current(owner.projectId)
    return encrypt(key, body, aadOf(owner, id), FORMAT_BYTE, idBytes)
  }

  #opened(key: KeyObject, sealed: Buffer, aad: Buffer): Buffer {
    try {
      return decrypt(key, sealed, aad)
    } catch (error) {
      throw error instanceof EnvelopeBroken ? new BodyBroken() : error
    }
  }
}

function uuidIn(record: Buffer): string {
  return record.toString('hex', 1, HEADER_BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function aadOf({ projectId, environment, id }: BodyOwner, keyId: string): Buffer {
  return Buffer.from(`wasl body ${FORMAT} ${projectId} ${environment} ${id} ${keyId}`)
}
