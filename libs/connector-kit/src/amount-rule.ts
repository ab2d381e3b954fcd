import {
  decimalOf,
  exponentOf,
  MAX_MINOR_UNITS,
  minorUnitsOf,
  type Money,
  NotRepresentable,
} from './money.ts'

/** How a provider writes amounts, and what it can take. Source: its own page on currencies, never a list of ours. */
export interface AmountRule {
  /** `12.500` KWD is 12500, "12.500" or 12.5. */
  wire: 'minor_integer' | 'decimal_string' | 'decimal_number'
  /** Decimals that the provider accepts, where they are not ISO's. */
  digits?: Readonly<Record<string, number>>
  /** Smallest multiple that the provider accepts, in ISO minor units, where it is not 1. */
  step?: Readonly<Record<string, number>>
}

/**
 * ISO 4217 minor units as this provider wants them. Throws {@link NotRepresentable} rather than round: before any call,
 * so that the caller can answer `amount_not_representable`.
 */
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
  return exact
}

/**
 * What this provider wrote, as ISO 4217 minor units. Reads digits, never floats; throws {@link NotRepresentable} for
 * anything that is not exactly an amount of that currency, whatever it is.
 */
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
