import { redactText } from '@app/secrets'

/** What is kept of an answer, in bytes. */
const LONGEST = 1_024
/** What is looked at: all of most answers. */
const READ = 2_048

/** The redacted beginning of an answer, one KiB at most; undefined: nothing, or nothing that reads as text. */
export function answerExcerpt(body: Uint8Array): string | undefined {
  const text = textOf(body.subarray(0, READ))
  if (text === '' || /[\0\ufffd]/.test(text)) return undefined
  const clean = redactText(text)
  if (body.length <= READ) return cut(clean)
  // What the end of what was read went through may not be recognised. Where a shorter reading says the same, it played no part.
  return cut(commonStart(clean, redactText(textOf(body.subarray(0, LONGEST)))))
}

/** As a stream: a sign that the cut went through is left out, not replaced. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes, { stream: true }).trim()
}

function commonStart(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return one.slice(0, length).toWellFormed()
}

/** Whole characters only. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= LONGEST) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(LONGEST - 3))
  return `${text.slice(0, read)}…`
}
