import { Secret } from '../secret.ts'
import { errorFields } from './error-fields.ts'
import { namedValues } from './named-values.ts'
import { ibans, numbers } from './numbers.ts'
import { oneTimeCodes } from './one-time-codes.ts'
import { cutAt, decoded, withoutNeedlessEscapes, withVisibleControls, withWesternDigits } from './readable.ts'
import { isSecretName } from './secret-names.ts'
import { REDACTED, replaced, type Span, span } from './span.ts'
import { tokens } from './tokens.ts'

/** A value that is printed or kept is no longer than this (security.md 9.4). */
const LONGEST = 8 * 1024
/** Read behind the cut as well, so that what lies across it is recognised. */
const LOOK_AHEAD = 1024
/** JSON in a string in JSON, a URL in the query of a URL: deeper than this nothing is read, and nothing shown. */
const DEEPEST_TEXT = 4
const DEEPEST_VALUE = 64
const MOST_MEMBERS = 1_000
const MOST_CHARACTERS = 256 * 1024

/** A text without what must never be printed, on one line, 8 KiB at most. Reading it again changes nothing. */
export function redactText(text: string): string {
  return textAt(text, 0, false)
}

/** A URL, absolute or not: no user-info, no secret in query, fragment or path. Also forms, by {@link redactForm}. */
export function redactUrl(url: string): string {
  return untilStable(url, (text) => shown(urlAt(text.toWellFormed().slice(0, LONGEST + LOOK_AHEAD), 0)))
}

/** `application/x-www-form-urlencoded`; `code` and `state` are secret here. */
export function redactForm(form: string): string {
  return untilStable(form, (text) => shown(pairsAt(text.toWellFormed().slice(0, LONGEST + LOOK_AHEAD), 0)))
}

type HeaderValue = string | number | readonly string[] | undefined

/** Header values by name, and what remains by pattern. */
export function redactHeaders(headers: Readonly<Record<string, HeaderValue>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return []
      const text = typeof value === 'object' ? value.join(', ') : String(value)
      return [[redactText(name), isSecretName(name) ? REDACTED : redactText(text)]]
    }),
  )
}

export interface RedactionOptions {
  /** A call of OAuth: `code` and `state` are secret too. */
  oauth?: boolean
}

/** Any value as JSON that may be printed: never throws, never calls what it is given, bounded in depth and size. */
export function redactJson(value: unknown, { oauth = false }: RedactionOptions = {}): unknown {
  return new ValueReader(oauth, 0).read(value)
}

/** What was hidden can bring two strangers side by side; so a text that changed is read again. */
function untilStable(text: string, read: (text: string) => string): string {
  let last = text
  for (let pass = 0; pass < 5; pass++) {
    const next = read(last)
    if (next === last) break
    last = next
  }
  return last
}

function textAt(input: string, depth: number, inUrl: boolean): string {
  return depth > 0 ? readOnce(input, depth, inUrl) : untilStable(input, (text) => readOnce(text, 0, inUrl))
}

function readOnce(input: string, depth: number, inUrl: boolean): string {
  // A word of letters is none of all this; most names and many values are one.
  if (/^[A-Za-z_]{0,11}$/.test(input)) return input
  if (depth >= DEEPEST_TEXT) return REDACTED
  const text = withWesternDigits(withoutNeedlessEscapes(input.slice(0, LONGEST + LOOK_AHEAD).toWellFormed()))
  const parsed = input.length <= LONGEST ? asJson(text) : undefined
  if (parsed !== undefined) return shown(JSON.stringify(new ValueReader(inUrl, depth + 1).read(parsed)))
  const cut = input.length > LONGEST ? Math.min(LONGEST, text.length) : text.length
  const withoutUrls = replaced(text, [...urls(text, depth)], cut)
  const spans = [
    ...namedValues(withoutUrls.text, inUrl),
    ...tokens(withoutUrls.text),
    ...numbers(withoutUrls.text),
    ...ibans(withoutUrls.text),
    ...oneTimeCodes(withoutUrls.text),
    ...percentEncoded(withoutUrls.text, depth),
  ]
  const clean = replaced(withoutUrls.text, spans, withoutUrls.cut)
  return shown(input.length > LONGEST ? `${clean.text.slice(0, clean.cut)}…` : clean.text)
}

function shown(text: string): string {
  return cutAt(withVisibleControls(text), LONGEST)
}

/** A JSON object, list or string; whole numbers longer than a double stay as they are written. */
function asJson(text: string): unknown {
  if (!/^\s*["{[]/.test(text) || !/["}\]]\s*$/.test(text)) return undefined
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && (context?.source?.length ?? 0) > 15 ? context?.source : value,
    )
  } catch {
    return undefined
  }
}

function* urls(text: string, depth: number): Generator<Span> {
  if (!text.includes('://')) return
  for (const { index, 0: url } of text.matchAll(
    /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>`\\^|]+/gi,
  )) {
    yield span(index, index + url.length, urlAt(url, depth))
  }
}

/** `a%40b.com`, `%2B9665…`: read as what they stand for. */
function* percentEncoded(text: string, depth: number): Generator<Span> {
  if (!text.includes('%')) return
  for (const { index, 0: found } of text.matchAll(/[^\s"'<>&=;,]+/g)) {
    if (!/%[0-9a-f]{2}/i.test(found)) continue
    const plain = decoded(found)
    if (textAt(plain, depth + 1, false) !== shown(plain)) yield span(index, index + found.length)
  }
}

function urlAt(url: string, depth: number): string {
  if (depth >= DEEPEST_TEXT) return REDACTED
  const [beforeFragment, fragment] = halves(url, '#')
  const [beforeQuery, query] = halves(beforeFragment, '?')
  return (
    pathAt(withoutUserInfo(beforeQuery), depth) +
    (query === null ? '' : `?${pairsAt(query, depth)}`) +
    (fragment === null
      ? ''
      : `#${/[=&]/.test(fragment) ? pairsAt(fragment, depth) : partAt(fragment, depth)}`)
  )
}

function withoutUserInfo(url: string): string {
  const authority = /^([a-z][a-z0-9+.-]{0,20}:)?\/\//i.exec(url)?.[0].length
  if (authority === undefined) return url
  const end = url.indexOf('/', authority)
  const at = url.lastIndexOf('@', end < 0 ? url.length : end)
  return at < authority ? url : url.slice(0, authority) + `${REDACTED}@` + url.slice(at + 1)
}

/** Addresses whose path is itself the key: ours, and the ones that Slack and Telegram give. */
const KEY_IN_PATH =
  /(\/webhooks\/[^/]{1,64}\/|\/connect\/|\/services\/|\/workflows\/|\/bot(?=\d{6,}(?::|%3A)))([^/]{6,}(?:\/[^/]+)*)/gi

function pathAt(path: string, depth: number): string {
  const authority = /^([a-z][a-z0-9+.-]{0,20}:)?\/\/[^/]*/i.exec(path)?.[0] ?? ''
  return (
    authority +
    path
      .slice(authority.length)
      .replace(KEY_IN_PATH, (_, before: string) => before + REDACTED)
      .split('/')
      .map((part) => partAt(part, depth))
      .join('/')
  )
}

function pairsAt(query: string, depth: number): string {
  return query
    .split('&')
    .map((pair) => {
      const [name, value] = halves(pair, '=')
      if (value === null || value === '') return partAt(pair, depth)
      const secret = isSecretName(decoded(name), true) || isSecretName(decoded(decoded(name)), true)
      return `${partAt(name, depth)}=${secret ? REDACTED : partAt(value, depth)}`
    })
    .join('&')
}

/** One part as it is, unless something in what it stands for must be hidden: then without its encoding. */
function partAt(part: string, depth: number): string {
  if (part === '' || part === REDACTED) return part
  const plain = decoded(part)
  const clean = textAt(plain, depth + 1, true)
  return clean === shown(plain) ? part : encodeURIComponent(clean).replace(/%5B/g, '[').replace(/%5D/g, ']')
}

function halves(text: string, sign: string): [string, string | null] {
  const at = text.indexOf(sign)
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}

/** Reads a value member by member. Accessors and `toJSON` of strangers are not called. */
class ValueReader {
  readonly #above = new Set<object>()
  #characters = MOST_CHARACTERS

  constructor(
    private readonly oauth: boolean,
    private readonly textDepth: number,
  ) {}

  read(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        return Number.isFinite(value) ? this.#number(value) : String(value)
      case 'bigint':
        return this.#text(String(value))
      case 'object':
        return value === null ? null : this.#object(value)
      case 'boolean':
      case 'undefined':
        return value
      default:
        return `[${typeof value}]`
    }
  }

  #text(text: string): string {
    if (this.#characters <= 0) return '[cut]'
    this.#characters -= Math.min(text.length, LONGEST)
    return textAt(text, this.textDepth, this.oauth)
  }

  #number(value: number): unknown {
    const text = String(value)
    const clean = this.#text(text)
    return clean === text ? value : clean
  }

  #object(value: object): unknown {
    if (this.#above.has(value)) return '[circular]'
    if (this.#above.size >= DEEPEST_VALUE) return '[too deep]'
    this.#above.add(value)
    try {
      if (value instanceof Secret) return String(value)
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : this.#text(value.toISOString())
      if (value instanceof Error) return this.#members(Object.entries(errorFields(value)))
      if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
      if (value instanceof Map) return this.#members([...value].map(([key, inner]) => [String(key), inner]))
      if (value instanceof Set) return this.#list([...value])
      if (Array.isArray(value)) return this.#list(value)
      return this.#members(membersOf(value))
    } catch {
      return '[unreadable]'
    } finally {
      this.#above.delete(value)
    }
  }

  #list(values: readonly unknown[]): unknown[] {
    const list = values.slice(0, MOST_MEMBERS)
    const pairOfHeaders = list.length === 2 && typeof list[0] === 'string' && this.#above.size > 1
    if (pairOfHeaders && isSecretName(list[0] as string, this.oauth)) return [this.read(list[0]), REDACTED]
    const read = list.map((value) => this.read(value))
    return values.length > MOST_MEMBERS ? [...read, '[cut]'] : read
  }

  #members(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
    const named = nameOfPair(entries)
    const secretPair = named !== null && isSecretName(named, this.oauth)
    return Object.fromEntries(
      entries
        .slice(0, MOST_MEMBERS)
        .map(([name, value]) => [
          this.#text(name),
          isSecretName(name, this.oauth) || (secretPair && /^(?:value|val|data)$/i.test(name))
            ? hidden(value)
            : this.read(value),
        ]),
    )
  }
}

function membersOf(value: object): [string, unknown][] {
  return Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, { enumerable }]) => enumerable)
    .map(([name, { value: inner, get }]) => [name, get ? '[accessor]' : (inner as unknown)])
}

/** `{name: 'password', value: '…'}`: headers and form fields as HAR, Postman and many providers write them. */
function nameOfPair(entries: readonly (readonly [string, unknown])[]): string | null {
  const found = entries.find(
    ([name, value]) => typeof value === 'string' && /^(?:name|key|field|header|parameter|param)$/i.test(name),
  )
  return found ? (found[1] as string) : null
}

/** What tells nothing stays, so that a reader sees whether there was a value. */
function hidden(value: unknown): unknown {
  return value === null || value === undefined || value === '' || typeof value === 'boolean'
    ? value
    : REDACTED
}
