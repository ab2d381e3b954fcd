/** One webhook request as it arrived. Headers are kept line by line, so that a repeated one is seen. */
export class Delivery {
  readonly #headers = new Map<string, string[]>()
  #parsed: { json: unknown } | undefined

  constructor(
    readonly method: string,
    /** The public URL that was called, query included, as the provider signs it. */
    readonly url: string,
    rawHeaders: readonly string[],
    readonly rawBody: Buffer,
    readonly receivedAt: Date,
  ) {
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = (rawHeaders[i] ?? '').toLowerCase()
      const lines = this.#headers.get(name)
      if (lines) lines.push(rawHeaders[i + 1] ?? '')
      else this.#headers.set(name, [rawHeaders[i + 1] ?? ''])
    }
  }

  /** Every line of this header, in order. */
  lines(name: string): readonly string[] {
    return this.#headers.get(name.toLowerCase()) ?? []
  }

  /** The header where it stands exactly once; undefined where it is missing or repeated. */
  header(name: string): string | undefined {
    const lines = this.lines(name)
    return lines.length === 1 ? lines[0] : undefined
  }

  /** Every value of this query parameter, in order. */
  query(name: string): readonly string[] {
    return URL.canParse(this.url) ? new URL(this.url).searchParams.getAll(name) : []
  }

  headerNames(): string[] {
    return [...this.#headers.keys()]
  }

  /** The body as JSON, bounded in depth; undefined where it is none. Parsed once, so nobody may change what they get. */
  json(): unknown {
    this.#parsed ??= { json: this.#parse() }
    return this.#parsed.json
  }

  #parse(): unknown {
    if (this.rawBody.length > MAX_PARSED_BYTES) return undefined
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(this.rawBody)
      return depthOf(text) > MAX_DEPTH ? undefined : (JSON.parse(text) as unknown)
    } catch {
      return undefined
    }
  }

  /** The body as a form; repeated fields stay visible. */
  form(): URLSearchParams {
    return new URLSearchParams(this.rawBody.length > MAX_PARSED_BYTES ? '' : this.rawBody.toString('utf8'))
  }
}

const MAX_PARSED_BYTES = 25 * 1024 * 1024
const MAX_DEPTH = 64

/** How deep brackets nest outside strings, without building anything. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 0x5c) i++
      else if (c === 0x22) inString = false
    } else if (c === 0x22) inString = true
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}

/** A member of parsed JSON by path, own properties only. */
export function memberOf(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined,
    value,
  )
}

/** The same as text: strings as they are, numbers in their shortest decimal form, anything else undefined. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
}
