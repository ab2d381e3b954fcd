import {
  decimalOf,
  exponentOf,
  MAX_MINOR_UNITS,
  minorUnitsOf,
  type Money,
  NotRepresentable,
} from './money.ts'

/** How a provider writes amounts, and what it can take. */
export interface AmountRule {
  wire: 'minor_integer' | 'decimal_string' | 'decimal_number'
  /** Decimals that the provider accepts, where they are not ISO's. */
  digits?: Readonly<Record<string, number>>
  /** Smallest multiple that the provider accepts, in ISO minor units, where it is not 1. */
  step?: Readonly<Record<string, number>>
}

/** The amount as this provider wants it. Throws {@link NotRepresentable} before any call rather than round. */
export function amountOut(money: Money, rule: AmountRule): string | number {
  const digits = digitsOf(rule, money.currency)
  const step = BigInt(ownOf(rule.step, money.currency) ?? 1)
  if (money.amount % step !== 0n) throw new NotRepresentable(`not a multiple of ${step}`)
  if (money.amount > MAX_MINOR_UNITS || -money.amount > MAX_MINOR_UNITS)
    throw new NotRepresentable('too large')
  const text = decimalOf(money, digits)
  if (rule.wire === 'decimal_string') return text
  const exact = Number(rule.wire === 'minor_integer' ? text.replace('.', '') : text)
  const written = rule.wire === 'minor_integer' ? Number.isSafeInteger(exact) : significant(text) <= 15
  if (!written) throw new NotRepresentable('a JSON number would not hold it exactly')
  // Minus zero has no place in money, and JSON would write it as 0 anyway.
  return exact === 0 ? 0 : exact
}

/** The amount that this provider wrote. Throws {@link NotRepresentable} where it is not exactly one. */
export function amountIn(value: unknown, currency: string, rule: AmountRule): Money {
  if (typeof value !== 'string' && typeof value !== 'number') throw new NotRepresentable('not an amount')
  if (rule.wire !== 'minor_integer') return minorUnitsOf(value, currency)
  const digits = digitsOf(rule, currency)
  const [, sign, units] = /^(-?)(\d{1,32})$/.exec(String(value)) ?? []
  if (units === undefined || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    throw new NotRepresentable('not a whole number')
  }
  const padded = units.padStart(digits + 1, '0')
  const [whole, fraction] = [padded.slice(0, padded.length - digits), padded.slice(padded.length - digits)]
  return minorUnitsOf(`${sign}${whole}${digits > 0 ? `.${fraction}` : ''}`, currency)
}

function digitsOf(rule: AmountRule, currency: string): number {
  const digits = ownOf(rule.digits, currency) ?? exponentOf(currency)
  if (digits === undefined) throw new NotRepresentable(`${currency} is not an ISO 4217 code`)
  return digits
}

function ownOf(table: Readonly<Record<string, number>> | undefined, name: string): number | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}

function significant(text: string): number {
  return text.replace(/[-.]/g, '').replace(/^0+/, '').length
}
