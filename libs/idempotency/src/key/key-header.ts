import { InvalidQuery } from '@app/http'
import type { FastifyRequest } from 'fastify'

export const KEY_HEADER = 'Idempotency-Key'
/** Visible ASCII: no space, so two that were joined on the way are no key. */
export const KEY_SHAPE = '^[!-~]{1,255}$'

const shape = new RegExp(KEY_SHAPE)

/** What the caller calls its request; null: it has no name. Refused where it cannot be one, or stands there twice. */
export function keyIn({ headers, raw: { rawHeaders } }: FastifyRequest): string | null {
  const name = KEY_HEADER.toLowerCase()
  const key = headers[name]
  if (key === undefined) return null
  const lines = rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === name).length
  if (typeof key === 'string' && lines === 1 && shape.test(key)) return key
  throw InvalidQuery({
    errors: [
      {
        pointer: `/headers/${name}`,
        code: 'invalid_format',
        message: {
          en: 'One header with 1 to 255 visible ASCII characters, without spaces.',
          ar: 'ترويسة واحدة من 1 إلى 255 محرف ASCII مرئيًا، من دون مسافات.',
        },
      },
    ],
  })
}
