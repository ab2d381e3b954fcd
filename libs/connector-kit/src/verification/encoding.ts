export type Encoding = 'hex' | 'hex_any_case' | 'base64' | 'base64url'

const SHAPES: Readonly<Record<Encoding, RegExp>> = {
  hex: /^(?:[0-9a-f]{2})+$/,
  hex_any_case: /^(?:[0-9a-fA-F]{2})+$/,
  base64: /^[A-Za-z0-9+/]+={0,2}$/,
  base64url: /^[A-Za-z0-9_-]+$/,
}

/** Longer than any signature, token or key. It may stand in a body, and matching megabytes would cost, or throw. */
const LONGEST = 16_384

/**
 * The bytes of a signature written in exactly this encoding and of exactly this length (any, where none is given);
 * null otherwise. A text has one way to be written: unused bits at the end of base64 must be zero.
 */
export function decoded(text: string, encoding: Encoding, bytes?: number): Buffer | null {
  if (text.length > LONGEST || !SHAPES[encoding].test(text)) return null
  const value = Buffer.from(text, nodes(encoding))
  if (encoding.startsWith('base64') && value.toString(nodes(encoding)) !== text) return null
  return value.length === (bytes ?? value.length) && value.length > 0 ? value : null
}

export function encoded(bytes: Buffer, encoding: Encoding): string {
  return bytes.toString(nodes(encoding))
}

function nodes(encoding: Encoding): BufferEncoding {
  return encoding === 'hex_any_case' ? 'hex' : encoding
}
