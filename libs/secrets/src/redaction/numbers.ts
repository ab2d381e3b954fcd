import {
  ibanLength,
  isEgyptianId,
  isEmiratesId,
  isKuwaitiId,
  isSaudiId,
  passesLuhn,
  passesMod97,
} from './check-digits.ts'
import { type Span, span } from './span.ts'

interface Group {
  start: number
  end: number
  /** Nothing but what people put between digits lies before it. */
  goesOn: boolean
}

const SHORTEST = 8
const LONGEST = 19
const ENOUGH_DIGITS = new RegExp(`(?:\\d\\D{0,3}){${SHORTEST}}`)
/** What people put between digits: blanks, dashes, brackets, and what cannot be seen at all. */
const BETWEEN = /^[ \t\u00a0\u2009\u202f\u200b-\u200f\u2060-\u2064\ufeff\u00ad()_.\-\u2010-\u2015]{0,3}$/
/** Numbers that are no one's: our ids, digests, and times. */
const NOBODYS =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-z])(?=\d{0,18}[a-f])[0-9a-f]{32,128}(?![0-9a-z])|(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[+-]\d\d:?\d\d)?)?(?!\d)/gi

/** Cards, ids and telephones among the digits of a text, however they are grouped. */
export function* numbers(text: string): Generator<Span> {
  if (!ENOUGH_DIGITS.test(text)) return
  const groups = digitGroups(text)
  for (const [i, first] of groups.entries()) {
    let digits = ''
    const sizes: number[] = []
    for (let j = i; j < groups.length; j++) {
      const group = groups[j]!
      if ((j > i && !group.goesOn) || digits.length + group.end - group.start > LONGEST) break
      digits += text.slice(group.start, group.end)
      sizes.push(group.end - group.start)
      if (digits.length < SHORTEST) continue
      if (isPersonal(digits, sizes, text, first.start, group.end)) yield span(first.start, group.end)
      else if (isCard(digits, sizes)) yield card(text, first.start, group.end, digits)
    }
  }
}

function isPersonal(
  digits: string,
  sizes: readonly number[],
  text: string,
  start: number,
  end: number,
): boolean {
  if (isEmiratesId(digits) || isEgyptianId(digits)) return true
  const recognised =
    isKuwaitiId(digits) ||
    (sizes.length === 1 && isSaudiId(digits)) ||
    isTelephone(digits) ||
    (digits.length <= 15 && /\+\(?$/.test(text.slice(Math.max(0, start - 2), start)))
  return recognised && !isGlued(text, start, end)
}

/** Part of a word, or of a number with decimals. */
function isGlued(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - 2), start)
  return (
    /[\p{L}\p{N}_*]$|\d[.,]$/u.test(before) || /^(?:[\p{L}\p{N}_*]|[.,]\d)/u.test(text.slice(end, end + 2))
  )
}

function isCard(digits: string, sizes: readonly number[]): boolean {
  return digits.length >= 13 && likeCard(sizes) && passesLuhn(digits)
}

/** The numbering plans of the Gulf and of Egypt: with the country code, or as dialled at home. */
const TELEPHONE = new RegExp(
  `^(?:(?:00)?(?:${[
    '966(?:0?5\\d{8}|0?1[1-7]\\d{7}|9200\\d{5}|800\\d{7})',
    '971(?:0?5[024568]\\d{7}|0?[234679]\\d{7})',
    '965[124569]\\d{7}',
    '973[13678]\\d{7}',
    '974[3-7]\\d{7}',
    '968[279]\\d{7}',
    '200?1[0125]\\d{8}',
  ].join('|')})|05\\d{8}|01[0125]\\d{8})$`,
)

function isTelephone(digits: string): boolean {
  return TELEPHONE.test(digits)
}

/** In one piece, in fours or more, or each digit (or pair) by itself: a row of small amounts is no card. */
function likeCard(sizes: readonly number[]): boolean {
  const allButLast = sizes.slice(0, -1)
  return allButLast.every((size) => size >= 4) || [1, 2].some((n) => allButLast.every((size) => size === n))
}

/** Track data goes on behind the number, and nothing of it may remain (PCI DSS 3.3.1). */
function card(text: string, start: number, end: number, digits: string): Span {
  const track = /^[=^D][^?\s"']{4,80}\??/.exec(text.slice(end, end + 90))
  if (track) return span(start, end + track[0].length)
  return span(start, end, `${digits.slice(0, 6)}${'*'.repeat(digits.length - 10)}${digits.slice(-4)}`)
}

function digitGroups(text: string): Group[] {
  const skipped = [...text.matchAll(NOBODYS)].map(
    ({ index, 0: found }) => [index, index + found.length] as const,
  )
  const groups: Group[] = []
  let next = 0
  for (const { index, 0: found } of text.matchAll(/\d+/g)) {
    const last = groups.at(-1)
    while (next < skipped.length && skipped[next]![1] <= index) next++
    const inside = skipped[next]
    if (inside && index >= inside[0]) continue
    groups.push({
      start: index,
      end: index + found.length,
      goesOn: last !== undefined && index - last.end <= 3 && BETWEEN.test(text.slice(last.end, index)),
    })
  }
  return groups
}

/** Begins with a country and two check digits, goes on for as long as that country's do, and passes modulo 97. */
export function* ibans(text: string): Generator<Span> {
  for (const { index, 0: found } of text.matchAll(/[A-Za-z]{2}[ -]?\d{2}/g)) {
    const length = ibanLength(found.slice(0, 2))
    if (length === null) continue
    let iban = ''
    let at = index
    while (iban.length < length && at < text.length) {
      const character = text[at]!
      if (/[A-Za-z0-9]/.test(character)) iban += character
      else if (!/[ \u00a0\u202f-]/.test(character) || iban.length < 2) break
      at++
    }
    if (iban.length === length && passesMod97(iban)) yield span(index, at)
  }
}
