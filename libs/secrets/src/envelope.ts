import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { drawn } from './randomness.ts'

/** Which place a ciphertext belongs to; moved to another row, column or tenant it does not decrypt. */
export interface Place {
  table: string
  column: string
  /** The ids that own the value, outermost first: project, environment, connection … as far as there are any. */
  owner: readonly string[]
}

/**
 * How a secret lies in a `jsonb` column: a data key of its own, wrapped by the key `kid` of `ENCRYPTION_KEYS`,
 * and the text under that data key. Both are AES-256-GCM: 96-bit IV, then ciphertext, then 128-bit tag, base64.
 */
export interface Envelope {
  v: 1
  kid: string
  key: string
  text: string
}

export class EnvelopeBroken extends Error {
  constructor(why: string) {
    super(`A stored secret cannot be opened: ${why}`)
    this.name = 'EnvelopeBroken'
  }
}

/** Not the row's fault: it opens again once the key is back in `ENCRYPTION_KEYS`. */
export class EncryptionKeyMissing extends EnvelopeBroken {
  constructor(readonly keyId: string) {
    super(`its key "${keyId}" is not in ENCRYPTION_KEYS`)
    this.name = 'EncryptionKeyMissing'
  }
}

const IV_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** How many bytes longer a sealed text is than the plain one. */
export const SEALING_BYTES = IV_BYTES + TAG_BYTES

/**
 * One AES-256-GCM sealing under a random IV: IV, ciphertext, tag. Under a `KeyObject` it costs a third of what it
 * does under bytes, and a key object prints nothing. `before` is put in front as it is.
 */
export function encrypt(key: KeyObject, plain: Uint8Array, aad: Uint8Array, ...before: Uint8Array[]): Buffer {
  const iv = drawn(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(aad)
  return Buffer.concat([...before, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Undoes {@link encrypt}; anything that is not exactly what it made throws {@link EnvelopeBroken}. */
export function decrypt(key: KeyObject, sealed: Uint8Array, aad: Uint8Array): Buffer {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new EnvelopeBroken('it is too short')
  const tagAt = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(tagAt))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, tagAt)), decipher.final()])
  } catch {
    throw new EnvelopeBroken('it was changed, or belongs to another row, column or tenant')
  }
}

export function newDataKey(): KeyObject {
  return keyOf(randomBytes(KEY_BYTES))
}

export function keyOf(bytes: Buffer): KeyObject {
  if (bytes.length !== KEY_BYTES) throw new EnvelopeBroken('a key of it has not 256 bits')
  return createSecretKey(bytes)
}

/** Every part is length-prefixed, so that no two places share one encoding. */
export function additionalData(kid: string, part: 'key' | 'text', place: Place): Buffer {
  const words = ['wasl', '1', kid, part, place.table, place.column, ...place.owner]
  return Buffer.from(words.map((word) => `${Buffer.byteLength(word)}:${word}`).join(''))
}

export function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null) return false
  const { v, kid, key, text } = value as Record<string, unknown>
  return v === 1 && typeof kid === 'string' && typeof key === 'string' && typeof text === 'string'
}
