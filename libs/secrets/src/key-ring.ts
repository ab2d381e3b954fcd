import type { KeyObject } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import {
  additionalData,
  decrypt,
  encrypt,
  type Envelope,
  EncryptionKeyMissing,
  EnvelopeBroken,
  isEnvelope,
  keyOf,
  newDataKey,
  type Place,
} from './envelope.ts'
import { Secret } from './secret.ts'

export interface EncryptionKey {
  id: string
  key: Buffer
}

/** Where the keys come from (a slot that the settings fill). The first encrypts, all decrypt. */
export abstract class KeySource {
  abstract readonly encryptionKeys: readonly [EncryptionKey, ...EncryptionKey[]]
}

/** A data key that its user keeps unwrapped in memory, and the envelope under which it is stored. */
export interface DataKey {
  key: KeyObject
  wrapped: Envelope
}

/** Seals and opens what must not lie in clear text, under the keys of `ENCRYPTION_KEYS`. */
@Injectable()
export class KeyRing {
  readonly #keys: ReadonlyMap<string, KeyObject>
  /** The key that everything new is sealed with. */
  readonly currentKeyId: string

  constructor(source: KeySource) {
    this.#keys = new Map(source.encryptionKeys.map(({ id, key }) => [id, keyOf(key)]))
    this.currentKeyId = source.encryptionKeys[0].id
  }

  seal(text: Secret, place: Place): Envelope {
    return this.#sealBytes(Buffer.from(text.reveal()), place)
  }

  open(envelope: unknown, place: Place): Secret {
    return Secret.of(this.#openBytes(envelope, place).toString())
  }

  /** A fresh 256-bit key for bulk data, kept under an envelope of its own. */
  newDataKey(place: Place): DataKey {
    const key = newDataKey()
    return { key, wrapped: this.#sealBytes(key.export(), place) }
  }

  openDataKey(envelope: unknown, place: Place): KeyObject {
    return keyOf(this.#openBytes(envelope, place))
  }

  /** The same secret under the current key; null where it already is. */
  rewrap(envelope: unknown, place: Place): Envelope | null {
    const old = checked(envelope)
    if (old.kid === this.currentKeyId) return null
    // The text's AAD names the key id too (security.md 4.2), so the text is sealed again, not only its key.
    return this.#sealBytes(this.#openBytes(old, place), place)
  }

  knows(keyId: string): boolean {
    return this.#keys.has(keyId)
  }

  #sealBytes(plain: Uint8Array, place: Place): Envelope {
    const kid = this.currentKeyId
    const dataKey = newDataKey()
    return {
      v: 1,
      kid,
      key: encrypt(this.#key(kid), dataKey.export(), additionalData(kid, 'key', place)).toString('base64'),
      text: encrypt(dataKey, plain, additionalData(kid, 'text', place)).toString('base64'),
    }
  }

  #openBytes(value: unknown, place: Place): Buffer {
    const envelope = checked(value)
    const wrapping = this.#key(envelope.kid)
    const dataKey = keyOf(
      decrypt(wrapping, Buffer.from(envelope.key, 'base64'), additionalData(envelope.kid, 'key', place)),
    )
    return decrypt(dataKey, Buffer.from(envelope.text, 'base64'), additionalData(envelope.kid, 'text', place))
  }

  #key(id: string): KeyObject {
    const key = this.#keys.get(id)
    if (!key) throw new EncryptionKeyMissing(id)
    return key
  }
}

function checked(value: unknown): Envelope {
  if (!isEnvelope(value)) throw new EnvelopeBroken('it is not an envelope of version 1')
  return value
}
