import { type Span, span } from './span.ts'

// Each of these ends with a greedy class and asks nothing after it: there is nothing to backtrack into.
const SHAPES: readonly RegExp[] = [
  /(?<=\bbearer[ \t]{1,8})[A-Za-z0-9._~+/=-]{4,}/gi,
  /eyJ[A-Za-z0-9_-]{8}[A-Za-z0-9_.=+/-]*/g, // A JWT, or any JSON in base64: it begins with `{"`.
  /(?<![A-Za-z0-9])[spr]k_(?:live|test|sbox|prod|sandbox)_[A-Za-z0-9_-]{4,}/gi,
  /(?<![A-Za-z0-9])sk[_-][A-Za-z0-9_-]{12,}/gi,
  /(?<![A-Za-z0-9])[pr]k_(?=[A-Za-z_]{0,40}\d)[A-Za-z0-9_-]{12,}/gi,
  /wasl_(?:dev|staging|prod|all)_[A-Za-z0-9_-]{8,}/g,
  /whsec_[A-Za-z0-9+/=_-]{8,}/g,
  /gh[pousr]_[A-Za-z0-9_]{16,}/g,
  /github_pat_[A-Za-z0-9_]{16,}/g,
  /glpat-[A-Za-z0-9_-]{16,}/g,
  /(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,}/g,
  /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{8,}/g,
  /(?:AKIA|ASIA)[A-Z0-9]{16,}/g,
  /AIza[A-Za-z0-9_-]{30,}/g,
  /ya29\.[A-Za-z0-9_-]{16,}/g,
  /SG\.[A-Za-z0-9_-]{16,}[A-Za-z0-9_.-]*/g,
  /(?<![A-Za-z0-9])EAA[A-Za-z0-9]{24,}/g, // Meta: WhatsApp Business
  /(?<![A-Za-z0-9])(?:SK|key-)[0-9a-f]{32}/g, // Twilio, Mailgun
  /(?:npm|dop_v1|shp(?:at|ss|ca|pa))_[A-Za-z0-9]{16,}/g,
  /\d{8,10}:AA[A-Za-z0-9_-]{30,}/g, // Telegram
]

/** A piece of every shape above: most texts hold none, and are done with one look. */
const HINT =
  /bearer|basic|eyJ|[spr]k[_-]|wasl_|whsec_|gh[pousr]_|github_pat_|glpat-|xox|xapp-|slack\.com|A[KS]IA|AIza|ya29|SG\.|EAA|SK|key-|npm_|dop_|shp|:AA/i

/** What tells by its shape that it is a key or a token. */
export function* tokens(text: string): Generator<Span> {
  yield* pemBlocks(text)
  yield* emails(text)
  if (!HINT.test(text)) return
  yield* basic(text)
  for (const shape of SHAPES) {
    for (const { index, 0: found } of text.matchAll(shape)) yield span(index, index + found.length)
  }
}

function* basic(text: string): Generator<Span> {
  for (const { index, 0: found } of text.matchAll(/(?<=\bbasic[ \t]{1,8})[A-Za-z0-9+/_=-]{4,}/gi)) {
    // "basic information" is none.
    if (Buffer.from(found, 'base64').includes(':')) yield span(index, index + found.length)
  }
}

/** A block without an end (the text was cut) goes to where the text ends. */
function* pemBlocks(text: string): Generator<Span> {
  for (let at = text.indexOf('-----BEGIN '); at >= 0;) {
    const end = /-----END [A-Z0-9 ]{1,40}-----/g
    end.lastIndex = at
    const found = end.exec(text)
    const to = found ? end.lastIndex : text.length
    yield span(at, to)
    at = text.indexOf('-----BEGIN ', to)
  }
}

const OF_LOCAL = /[\p{L}\p{N}._%+'-]/u
const OF_DOMAIN = /[\p{L}\p{N}.-]/u

/** Looked for around each `@`, so that a long text without one costs nothing. */
function* emails(text: string): Generator<Span> {
  for (const { index, 0: at } of text.matchAll(/@|%40/g)) {
    let start = index
    while (start > 0 && index - start < 64 && OF_LOCAL.test(text[start - 1]!)) start--
    const after = index + at.length
    let end = after
    while (end < text.length && end - after < 253 && OF_DOMAIN.test(text[end]!)) end++
    const domain = text.slice(after, end).replace(/[.-]+$/, '')
    if (start < index && /\.(?:xn--[a-z0-9-]{2,}|\p{L}{2,})$/iu.test(domain)) {
      yield span(start, after + domain.length)
    }
  }
}
