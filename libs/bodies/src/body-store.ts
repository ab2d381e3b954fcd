/** The store did not keep or give the bytes in time; nothing is known to be kept. Try again. */
export class BodyStoreUnavailable extends Error {
  constructor(why: string, cause?: unknown) {
    super(`The body store is unavailable: ${why}`, { cause })
    this.name = 'BodyStoreUnavailable'
  }
}

/** What was asked for is not in the store (any more). */
export class BodyGone extends Error {
  constructor() {
    super('The body is no longer stored')
    this.name = 'BodyGone'
  }
}

/** What is stored is not what came. */
export class BodyBroken extends Error {
  constructor() {
    super('The stored body does not match its record')
    this.name = 'BodyBroken'
  }
}

export interface StoredObject {
  key: string
  modifiedAt: Date
}

/** Where bytes lie: an object of the store, and the part of it that is meant. */
export interface Address {
  key: string
  offset: number
  length: number
}

/**
 * Bytes outside the database. `append` and `put` resolve only when the bytes are durable; both refuse with
 * {@link BodyStoreUnavailable}, and then nothing is promised about them. Objects are written once.
 */
export abstract class BodyStore {
  /** The address of an object, as it stands in `raw_body_url` before `#`. */
  abstract urlOf(key: string): string
  /** Keeps bytes beside others of the same retention. */
  abstract append(bytes: Buffer, retentionSeconds: number): Promise<Address>
  /** Keeps bytes as an object of their own, so that they can be removed alone. */
  abstract put(key: string, bytes: Buffer): Promise<Address>
  abstract read(address: Address): Promise<Buffer>
  abstract remove(key: string): Promise<void>
  abstract list(prefix: string): AsyncIterable<StoredObject>
  /** Proves that the store takes writes; throws {@link BodyStoreUnavailable}. */
  abstract check(): Promise<void>
  abstract close(): Promise<void>
}
