import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decoded, encoded, type Encoding } from './encoding.ts'

const encodings: Encoding[] = ['hex', 'hex_any_case', 'base64', 'base64url']

test.each(encodings)('%s: bytes come back, and no other text gives them', (encoding) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (bytes) => {
      const text = encoded(Buffer.from(bytes), encoding)
      expect(decoded(text, encoding, bytes.length)).toEqual(Buffer.from(bytes))
      expect(decoded(text, encoding, bytes.length + 1)).toBeNull()
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      const bytes = decoded(text, encoding)
      const again = encoding === 'hex_any_case' ? text.toLowerCase() : text
      expect(bytes === null || encoded(bytes, encoding) === again).toBe(true)
    }),
  )
})

test.each<[Encoding, string]>([
  ['hex', 'AB'],
  ['hex', 'abc'],
  ['hex', 'ab '],
  ['hex', 'ab\n'],
  ['hex', ''],
  ['hex_any_case', 'ag'],
  ['base64', 'QQ'],
  ['base64', 'QQ='],
  ['base64', 'QR=='],
  ['base64', 'QQ==\n'],
  ['base64', 'Q Q='],
  ['base64', '===='],
  ['base64', '='],
  ['base64', '-_8='],
  ['base64url', '+/8'],
  ['base64url', 'QQ=='],
  ['base64url', 'QR'],
  ['base64url', 'Q'],
  ['base64', 'A'.repeat(16_388)],
])('%s does not read %j', (encoding, text) => {
  expect(decoded(text, encoding)).toBeNull()
})
