import { type Delivery, memberOf } from '../delivery.ts'

/** What is signed: the bytes as they came, or a text made of them (null: it cannot be made from this delivery). */
export type Signed = 'raw_body' | ((delivery: Delivery) => string | Buffer | null)

/** Half a surrogate pair has no bytes of its own: it would be signed as U+FFFD, and one signature fit two texts. */
export function messageOf(signed: Signed, delivery: Delivery): string | Buffer | null {
  const message = signed === 'raw_body' ? delivery.rawBody : signed(delivery)
  return typeof message === 'string' && !message.isWellFormed() ? null : message
}

/** A text made of the body's JSON members, in order; a missing one counts as empty where the scheme says so. */
export function overFields(
  parts: readonly {
    label?: string
    path: readonly string[]
    write?: (value: unknown, body: unknown) => string | undefined
    /** Absent or null signs as an empty text; anything else that cannot be written is still refused. */
    optional?: boolean
  }[],
): Signed {
  return (delivery) => {
    const body = delivery.json()
    let message = ''
    for (const { label = '', path, write = plain, optional } of parts) {
      const value = memberOf(body, ...path)
      const text = optional && (value === undefined || value === null) ? '' : write(value, body)
      if (text === undefined) return null
      message += label + text
    }
    return message
  }
}

/** A piece of a request; the URL is the public one, as the provider called it. */
export type Part = { text: string } | { header: string } | 'raw_body' | 'url' | 'method'

/** Bytes made of a request's parts, in order: `v0:` + a timestamp header + `:` + the body. A missing header: refused. */
export function overParts(...parts: readonly Part[]): Signed {
  return (delivery) => {
    const pieces: Buffer[] = []
    for (const part of parts) {
      const piece = pieceOf(part, delivery)
      if (piece === undefined) return null
      pieces.push(Buffer.from(piece))
    }
    return Buffer.concat(pieces)
  }
}

function pieceOf(part: Part, delivery: Delivery): string | Buffer | undefined {
  if (part === 'raw_body') return delivery.rawBody
  if (part === 'url') return delivery.url
  if (part === 'method') return delivery.method
  return 'text' in part ? part.text : delivery.header(part.header)
}

function plain(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
