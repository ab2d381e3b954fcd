/** Arabic-Indic, Persian and full-width digits as 0–9. One code unit each, so positions stay. */
export function withWesternDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/g, (digit) =>
    // The three rows begin at …0, …0 and …0 of their blocks: the last four bits are the digit.
    String(digit.charCodeAt(0) & 0xf),
  )
}

/** `\u0040` of a JSON text as the character it stands for; quotes and backslashes stay as they are. */
export function withoutNeedlessEscapes(text: string): string {
  if (!text.includes('\\u00')) return text
  return text.replace(/\\u00([2-7][0-9a-f])/gi, (escape, hex: string) => {
    const character = String.fromCharCode(parseInt(hex, 16))
    return /["\\\x7f]/.test(character) ? escape : character
  })
}

/** Control characters, line breaks and what turns the direction of writing, made visible: no log line can be forged. */
export function withVisibleControls(text: string): string {
  return text.replace(
    /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** At most `bytes` of UTF-8, whole characters only. */
export function cutAt(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes - 3))
  return `${text.slice(0, read)}…`
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Half of an escape, or no UTF-8: what is ASCII in it is read nevertheless.
    return text.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  }
}
