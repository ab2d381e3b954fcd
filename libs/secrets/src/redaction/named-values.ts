import { decoded } from './readable.ts'
import { fillsTheLine, isSecretName } from './secret-names.ts'
import { REDACTED, type Span, span } from './span.ts'

const NAME_LENGTH = 96
/** A quote, and the backslashes in front of it: six levels of JSON in JSON. */
const DEEPEST_QUOTE = 64
const OF_NAME = /[\p{L}\p{N}\p{M}_.\-%[\]$]/u
const WORD_OF_LINE = /[^\s,;&"'`\\<>{}()]/

/**
 * `"pin": 1234`, `password=…`, `Authorization: Basic …`, `<Password>…</Password>`, a field of a form, JSON inside JSON:
 * what stands behind a secret name, also in a text that was cut in the middle. Looks back from each sign, so that
 * its time grows with the text only.
 */
export function* namedValues(text: string, inUrl: boolean): Generator<Span> {
  let done = 0
  for (const { index: at, 0: sign } of text.matchAll(/[:=>]/g)) {
    if (at < done) continue
    const found = sign === '>' ? element(text, at) : pair(text, at, inUrl)
    if (!found || found.end <= found.start) continue
    done = found.end
    yield found
  }
}

function pair(text: string, at: number, inUrl: boolean): Span | null {
  const name = nameBefore(text, at)
  if (name === null || !isSecretName(name.text, inUrl || /[?&#]/.test(name.before))) {
    return name?.text.toLowerCase() === 'name' ? partOfForm(text, at) : null
  }
  const start = at + 1 + (/^[=>]?[ \t\r\n]{0,8}/.exec(text.slice(at + 1, at + 10))?.[0].length ?? 0)
  return valueAt(text, start, name, text[at] === '=')
}

interface Name {
  text: string
  /** The character in front of it. */
  before: string
}

function nameBefore(text: string, at: number): Name | null {
  let end = at
  while (end > 0 && at - end < DEEPEST_QUOTE && /[\s"'`\\]/.test(text[end - 1]!)) end--
  let start = end
  while (start > 0 && end - start < NAME_LENGTH && OF_NAME.test(text[start - 1]!)) start--
  if (start === end) return null
  const word = text.slice(start, end)
  const before = text[start - 1] ?? ''
  if (before !== ' ' || isSecretName(decoded(word))) return { text: decoded(word), before }
  // `Card number:` and `API key:` are two words; where the first alone is secret, it was not the name of this value.
  const first = /[\p{L}\p{N}]{1,32}$/u.exec(text.slice(Math.max(0, start - 33), start - 1))?.[0]
  const both = first !== undefined && !isSecretName(first) ? `${first}${word}` : word
  return { text: both, before }
}

function valueAt(text: string, start: number, name: Name, assigned: boolean): Span | null {
  const opening = /^(\\{0,63})(["'`])/.exec(text.slice(start, start + DEEPEST_QUOTE))
  if (opening) {
    const from = start + opening[0].length
    return span(from, closingQuote(text, from, opening[2]!, opening[1]!.length))
  }
  if (isDone(text, start)) return null
  if (/[{[]/.test(text[start] ?? '')) return span(start, closingBracket(text, start))
  if (/^(?:null|true|false|undefined)\b/.test(text.slice(start, start + 10))) return null
  if (fillsTheLine(name.text)) return span(start, endOfLine(text, start, name.before, assigned))
  let end = start
  while (end < text.length && WORD_OF_LINE.test(text[end]!)) end++
  return span(start, end)
}

/** What an earlier reading left: nothing remains to be hidden, and hiding more would change the text each time. */
function isDone(text: string, at: number): boolean {
  const rest = text.slice(at, at + REDACTED.length)
  if (rest === REDACTED) return true
  const atTheCut = at + rest.length === text.length && rest.endsWith('…')
  return atTheCut && REDACTED.startsWith(rest.slice(0, -1))
}

/** A quote ends where it is escaped as deeply as it began: JSON inside JSON doubles its backslashes at each level. */
function closingQuote(text: string, from: number, quote: string, depth: number): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    let backslashes = 0
    while (at - backslashes > from && text[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % (2 * (depth + 1)) === depth) return at - depth
  }
  return text.length
}

function closingBracket(text: string, from: number): number {
  let open = 0
  let quoted = false
  for (let at = from; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (!quoted && (character === '{' || character === '[')) open++
    else if (!quoted && (character === '}' || character === ']') && --open === 0) return at + 1
  }
  return text.length
}

function endOfLine(text: string, start: number, before: string, assigned: boolean): number {
  const ends = `\r\n${/["'`]/.test(before) ? before : ''}${assigned ? '&' : ''}`
  let end = start
  while (end < text.length && !ends.includes(text[end]!)) end++
  return end
}

/** `Content-Disposition: form-data; name="password"`, an empty line, the value, the boundary. */
function partOfForm(text: string, at: number): Span | null {
  const named = /^["']([^"'\r\n]{1,96})["'][^\r\n]{0,200}(?:\r?\n[^\r\n]{1,200}){0,4}\r?\n\r?\n/.exec(
    text.slice(at + 1, at + 1_200),
  )
  if (!named?.[1] || !isSecretName(named[1])) return null
  const start = at + 1 + named[0].length
  if (isDone(text, start)) return null
  const end = text.indexOf('\n--', start)
  return span(start, end < 0 ? text.length : text[end - 1] === '\r' ? end - 1 : end)
}

/** `<ns:Password type="…">value</`: up to the next tag. */
function element(text: string, at: number): Span | null {
  const opening = text.lastIndexOf('<', at)
  if (opening < 0 || at - opening > 300) return null
  const name = /^<(?:[\w-]{1,32}:)?([\p{L}\p{N}_.-]{1,64})(?:\s[^<>]*)?$/u.exec(text.slice(opening, at))?.[1]
  if (name === undefined || !isSecretName(name) || isDone(text, at + 1)) return null
  const end = text.indexOf('<', at + 1)
  const to = end < 0 ? text.length : end
  return text.slice(at + 1, to).trim() === '' ? null : span(at + 1, to)
}
