/**
 * ISO 4217 exponents that are not 2. The table is ours: ICU shows IQD, LBP, SYP, YER, SOS, IRR and PKR without
 * decimals, and providers disagree among themselves (unified-models.md 1). Source: ISO 4217 list one.
 */
const NOT_TWO: Readonly<Record<string, number>> = {
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  CLF: 4,
  UYW: 4,
}
const TWO = new Set(
  (
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW ' +
    'CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF ' +
    'IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK ' +
    'MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP ' +
    'SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ' +
    'ZMW ZWG'
  ).split(' '),
)

/** How many decimals ISO gives a currency; undefined for a code outside the list, never a default of 2. */
export function exponentOf(currency: string): number | undefined {
  return TWO.has(currency) ? 2 : Object.hasOwn(NOT_TWO, currency) ? NOT_TWO[currency] : undefined
}

/** Every code of the table. */
export const currencies: readonly string[] = [...TWO, ...Object.keys(NOT_TWO)].sort()

/** An amount in ISO 4217 minor units. */
export interface Money {
  amount: bigint
  currency: string
}

const MAX_TEXT = 64

/** No amount beyond this is accepted or made: a JSON number still holds it exactly. */
export const MAX_MINOR_UNITS = BigInt(Number.MAX_SAFE_INTEGER)

/** The amount cannot be said exactly in that form, or is none. Nothing is ever rounded instead. */
export class NotRepresentable extends Error {}

/** Minor units as decimal text with exactly `digits` decimals; refuses what would need more. Never rounds. */
export function decimalOf({ amount, currency }: Money, digits = exponentOf(currency)): string {
  const exponent = exponentOf(currency)
  if (exponent === undefined || digits === undefined)
    throw new NotRepresentable(`${currency} is not an ISO 4217 code`)
  const negative = amount < 0n
  const text = (negative ? -amount : amount).toString().padStart(exponent + 1, '0')
  const whole = text.slice(0, text.length - exponent)
  const fraction = text.slice(text.length - exponent).padEnd(digits, '0')
  if (/[^0]/.test(fraction.slice(digits))) throw new NotRepresentable(`more than ${digits} decimals`)
  return `${negative ? '-' : ''}${whole}${digits > 0 ? `.${fraction.slice(0, digits)}` : ''}`
}

/** Decimal text as minor units. Surplus decimals must be zeros; an exponent, or a number of more than 15 digits, is refused. */
export function minorUnitsOf(decimal: string | number, currency: string): Money {
  const exponent = exponentOf(currency)
  if (exponent === undefined) throw new NotRepresentable(`${currency} is not an ISO 4217 code`)
  const text = typeof decimal === 'number' ? String(decimal) : decimal
  // Unverified senders write this text too: a million digits must not become a big integer first.
  if (text.length > MAX_TEXT) throw new NotRepresentable('too long')
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) throw new NotRepresentable('not a plain decimal number')
  const [, sign = '', whole = '', fraction = ''] = match
  if (typeof decimal === 'number' && (whole + fraction).replace(/^0+/, '').length > 15) {
    throw new NotRepresentable('a number of more than 15 digits is not exact')
  }
  if (/[^0]/.test(fraction.slice(exponent))) throw new NotRepresentable(`more than ${exponent} decimals`)
  const amount = BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, '0'))
  if (amount > MAX_MINOR_UNITS) throw new NotRepresentable('too large')
  return { amount: sign ? -amount : amount, currency }
}

/** For `JSON.stringify`: amounts as integers. None is beyond 2^53 − 1, so a JSON number holds each exactly. */
export function inMinorUnits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
