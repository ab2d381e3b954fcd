import { createHmac } from 'node:crypto'
import { accepted, refused, type Verdict } from './verdict.ts'

export type Algorithm = 'sha1' | 'sha256' | 'sha512'
export const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const

export function hmac(algorithm: Algorithm, key: string | Buffer, message: string | Buffer): Buffer {
  return createHmac(algorithm, key).update(message).digest()
}

/** All secrets are tried whatever the first says, so that time tells nothing about which one fits. */
export function decide(secrets: readonly string[], matches: (secret: string) => boolean): Verdict {
  return secrets.map(matches).includes(true) ? accepted : refused('signature_mismatch')
}
