import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'

export function sha256(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer')
}

export function hmacSha256(key: string | Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/** Equal or not, in a time that tells nothing: both sides are compared as digests of one length. */
export function sameSecret(left: string | Uint8Array, right: string | Uint8Array): boolean {
  return timingSafeEqual(sha256(left), sha256(right))
}

/** `bits` of randomness from the CSPRNG, base64url. */
export function randomToken(bits = 256): string {
  return randomBytes(bits / 8).toString('base64url')
}
