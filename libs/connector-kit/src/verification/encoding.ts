export type Encoding = 'hex' | 'hex_any_case' | 'base64'

const SHAPES: Readonly<Record<Encoding, RegExp>> = {
  hex: /^(?:[0-9a-f]{2})+$/,
  hex_any_case: /^(?:[0-9a-fA-F]{2})+$/,
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
}

/**
 * The bytes of a signature written in exactly this encoding and of exactly this length (any, where none is given);
 * null otherwise. A text has one way to be written: unused bits at the end of base64 must be zero.
 */
export function decoded(text: string, encoding: Encoding, bytes?: number): Buffer | null {
  if (!SHAPES[encoding].test(text)) return null
  const value = Buffer.from(text, encoding === 'base64' ? 'base64' : 'hex')
  if (encoding === 'base64' && value.toString('base64') !== text) return null
  return value.length === (bytes ?? value.length) && value.length > 0 ? value : null
}

export function encoded(bytes: Buffer, encoding: Encoding): string {
  return bytes.toString(encoding === 'base64' ? 'base64' : 'hex')
}
