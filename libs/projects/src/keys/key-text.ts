import { createHash, randomBytes } from 'node:crypto'
import { randomToken, sha256 } from '@app/secrets'

export type KeyEnvironment = 'dev' | 'staging' | 'prod'

const SHAPE = /^(wasl_(?:dev|staging|prod|all)_([0-9a-f]{16})_[A-Za-z0-9_-]{43})([0-9a-f]{8})$/

export interface KeyText {
  id: string
  /** Shown once, then only its hash is known. */
  text: string
  hash: Buffer
}

/** `wasl_<environment>_<key id>_<256-bit random><checksum>`: secret scanners know it, and typing errors show. */
export function newKeyText(environment: KeyEnvironment | null): KeyText {
  const id = randomBytes(8).toString('hex')
  const stem = `wasl_${environment ?? 'all'}_${id}_${randomToken()}`
  const text = stem + checksum(stem)
  return { id, text, hash: sha256(text) }
}

/** The id inside a well-formed key; null where its checksum does not fit: no question to the database then. */
export function keyIdOf(text: string): string | null {
  const [, stem = '', id = '', sum] = SHAPE.exec(text) ?? []
  return stem !== '' && checksum(stem) === sum ? id : null
}

function checksum(stem: string): string {
  return createHash('sha256').update(stem).digest('hex').slice(0, 8)
}
