/** The checksum of payment cards, of Saudi ids and of Emirates ids. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)
  }
  return sum % 10 === 0
}

/** Citizens begin with 1, residents with 2. */
export function isSaudiId(digits: string): boolean {
  return digits.length === 10 && /^[12]/.test(digits) && passesLuhn(digits)
}

/** 784, year of birth, seven digits, check digit. The first seven already tell: not all that were issued pass Luhn. */
export function isEmiratesId(digits: string): boolean {
  return digits.length === 15 && /^784(?:19|20)\d{10}$/.test(digits)
}

const KUWAIT_WEIGHTS = [2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

/** Century, birthday, four digits, check digit modulo 11. */
export function isKuwaitiId(digits: string): boolean {
  if (digits.length !== 12 || !/^[1-4]/.test(digits) || !isBirthday(digits.slice(1, 7))) return false
  const sum = KUWAIT_WEIGHTS.reduce((total, weight, i) => total + weight * Number(digits[i]), 0)
  return 11 - (sum % 11) === Number(digits[11])
}

/** Century, birthday, governorate, serial; how the last digit is made was never published. */
export function isEgyptianId(digits: string): boolean {
  return (
    digits.length === 14 &&
    /^[23]\d{6}(?:0[1-4]|1[1-9]|2[1-9]|3[1-5]|88)\d{5}$/.test(digits) &&
    isBirthday(digits.slice(1, 7))
  )
}

function isBirthday(yymmdd: string): boolean {
  return /^\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/.test(yymmdd)
}

/** ISO 13616: how long an IBAN of each country is. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'SA24 AE23 KW30 BH22 QA29 OM23 EG29 JO30 LB28 IQ23 PS29 TN24 LY25 SD18 MR27 YE30 DJ27 SO23 TR26 PK24 IL23 ' +
    'AD24 AL28 AT20 AZ28 BA20 BE16 BG22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 ES24 FI18 FK18 ' +
    'FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IS26 IT27 KZ20 LC32 LI21 LT20 LU20 LV21 MC27 ' +
    'MD24 ME22 MK19 MN20 MT31 MU30 NI28 NL18 NO15 PL28 PT25 RO24 RS22 RU33 SC31 SE24 SI19 SK24 SM27 ST25 SV28 ' +
    'TL23 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

export function ibanLength(country: string): number | null {
  return IBAN_LENGTHS[country.toUpperCase()] ?? null
}

/** ISO 7064 MOD 97-10, digit by digit: no big numbers. */
export function passesMod97(iban: string): boolean {
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
