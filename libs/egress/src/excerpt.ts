/** A little more than the 8 KiB that are kept: a redactor must see past the cut. */
const LONGEST = 9 * 1024
const TEXT = /^(text\/|application\/([\w.-]+\+)?(json|xml|graphql)\b|application\/x-www-form-urlencoded\b)/i

/** The beginning of a body, for whoever keeps logs; of text only. */
export class Excerpt {
  readonly #parts: Buffer[] = []
  #size = 0

  add(chunk: Buffer): void {
    if (this.#size >= LONGEST) return
    const part = chunk.subarray(0, LONGEST - this.#size)
    this.#parts.push(part)
    this.#size += part.length
  }

  /** undefined: nothing, or nothing that reads as text. */
  text(contentType: string | string[] | undefined): string | undefined {
    return textOf(Buffer.concat(this.#parts, this.#size), contentType)
  }
}

export function textOf(
  body: Buffer | string,
  contentType: string | string[] | undefined,
): string | undefined {
  if (body.length === 0 || !TEXT.test(String(contentType ?? ''))) return undefined
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (bytes.length < LONGEST) return bytes.toString()
  // As a stream: a sign that the cut went through is left out, not replaced.
  return new TextDecoder().decode(bytes.subarray(0, LONGEST), { stream: true })
}
