import { type Span, span } from './span.ts'

/** Words that announce a code which opens a door once, in English and Arabic. */
const ANNOUNCED =
  /\b(?:otp|2fa|mfa|tan|passcode|one[- ]?time|pin|cvv|cvc)\b|\b(?:verif\w{0,10}|confirm\w{0,8}|security|login|sign[- ]?in|access|activation|auth\w{0,12}|secret) (?:code|number|key|pin)\b|\byour (?:\p{L}{1,20} ){0,3}code\b|\bcode is\b|رمز|الرمز|كود|الكود|رقم التحقق|رقم سري|الرقم السري|كلمة (?:ال)?مرور/giu
const BEFORE = 48
const BEHIND = 72
const CODE = /(?<![\p{L}\p{N}_*.:/-])(?:[A-Z]{1,3}-)?\d(?:[ -]?\d){3,7}(?![\p{L}\p{N}_*:/-]|[.,]\d)/gu

/** `Your code is 482913`, `رمز التحقق ٤٨٢٩١٣`: four to eight digits near words that announce them. */
export function* oneTimeCodes(text: string): Generator<Span> {
  if (!/\d(?:[ -]?\d){3}/.test(text)) return
  const near = [...text.matchAll(ANNOUNCED)].map(
    ({ index, 0: words }) => [index - BEFORE, index + words.length + BEHIND] as const,
  )
  if (near.length === 0) return
  let next = 0
  for (const { index, 0: code } of text.matchAll(CODE)) {
    while (next < near.length && near[next]![1] < index) next++
    const around = near[next]
    if (around && index >= around[0]) yield span(index, index + code.length)
  }
}
