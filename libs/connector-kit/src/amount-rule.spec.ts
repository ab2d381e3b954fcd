import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { amountIn, amountOut, type AmountRule } from './amount-rule.ts'
import { currencies, exponentOf, MAX_MINOR_UNITS, NotRepresentable } from './money.ts'

const wires = ['minor_integer', 'decimal_string', 'decimal_number'] as const
const SAFE = MAX_MINOR_UNITS
const amounts = fc.oneof(
  fc.bigInt({ min: -SAFE, max: SAFE }),
  fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
  fc.constantFrom(0n, 1n, -1n, 1_001n, 29n, SAFE, -SAFE, SAFE - 1n),
)

/** The digits as JSON would carry them, back as minor units of `digits` decimals: without a number on the way. */
function unitsIn(wire: AmountRule['wire'], written: string | number, digits: number): bigint {
  const text = typeof written === 'number' ? JSON.stringify(written) : written
  expect(text).toMatch(/^-?\d+(\.\d+)?$/)
  if (wire === 'minor_integer') return BigInt(text)
  const [whole = '', fraction = ''] = text.split('.')
  if (wire === 'decimal_string') expect(fraction).toHaveLength(digits)
  expect(fraction.length).toBeLessThanOrEqual(digits)
  return BigInt(whole + fraction.padEnd(digits, '0'))
}

describe.each(wires)('%s', (wire) => {
  test.each(currencies)(
    '%s: what goes out is exactly that, comes back as that, or is refused',
    (currency) => {
      const digits = exponentOf(currency)!
      fc.assert(
        fc.property(amounts, (amount) => {
          let written
          try {
            written = amountOut({ amount, currency }, { wire })
          } catch (error) {
            expect(error).toBeInstanceOf(NotRepresentable)
            // Only a decimal number has too little room for what money may be: 15 digits.
            expect(wire).toBe('decimal_number')
            expect(amount.toString().replace('-', '').length).toBeGreaterThan(15)
            return
          }
          expect(unitsIn(wire, written, digits)).toBe(amount)
          const received = JSON.parse(JSON.stringify(written)) as unknown
          expect(amountIn(received, currency, { wire })).toEqual({ amount, currency })
        }),
        { numRuns: 25 },
      )
    },
  )

  test('nothing hostile is money, and nothing else is thrown', () => {
    const hostile = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.double(),
      fc.stringMatching(/^-?[0-9]{0,40}[.eE]?[0-9]{0,9}$/),
    )
    fc.assert(
      fc.property(hostile, fc.constantFrom(...currencies, 'XXX', '__proto__', ''), (value, currency) => {
        try {
          const { amount } = amountIn(value, currency, { wire })
          expect(amount <= SAFE && amount >= -SAFE).toBe(true)
          const again = amountIn(amountOut({ amount, currency }, { wire: 'decimal_string' }), currency, {
            wire: 'decimal_string',
          })
          expect(again.amount).toBe(amount)
        } catch (error) {
          expect(error).toBeInstanceOf(NotRepresentable)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

test.each<[AmountRule['wire'], string, bigint, string | number]>([
  ['minor_integer', 'KWD', 10_500n, 10_500],
  ['decimal_string', 'KWD', 10_500n, '10.500'],
  ['decimal_number', 'KWD', 10_500n, 10.5],
  ['decimal_string', 'SAR', 5n, '0.05'],
  ['decimal_string', 'SAR', -5n, '-0.05'],
  ['decimal_string', 'JPY', 5n, '5'],
  ['decimal_number', 'KWD', 1_001n, 1.001],
  ['decimal_number', 'SAR', 29n, 0.29],
  ['minor_integer', 'SAR', MAX_MINOR_UNITS, 9_007_199_254_740_991],
])('%s %s %s is written %p', (wire, currency, amount, written) => {
  expect(amountOut({ amount, currency }, { wire })).toBe(written)
})

test('minus zero is not written', () => {
  for (const wire of wires) {
    const zero = amountOut({ amount: -0n, currency: 'KWD' }, { wire })
    expect([0, '0.000']).toContainEqual(zero)
    expect(Object.is(zero, -0)).toBe(false)
  }
  expect(amountIn(-0, 'KWD', { wire: 'minor_integer' }).amount).toBe(0n)
  expect(amountIn('-0', 'KWD', { wire: 'minor_integer' }).amount).toBe(0n)
})

describe('a provider that takes fewer digits, or more', () => {
  const tamara: AmountRule = { wire: 'decimal_string', digits: { KWD: 2 } }
  const padded: AmountRule = { wire: 'minor_integer', digits: { JPY: 2, IQD: 0 } }

  test('what it cannot say is refused before any call, never rounded', () => {
    expect(amountOut({ amount: 12_500n, currency: 'KWD' }, tamara)).toBe('12.50')
    for (const amount of [12_501n, 12_509n, 1n, -1n])
      expect(() => amountOut({ amount, currency: 'KWD' }, tamara)).toThrow(NotRepresentable)
    expect(amountOut({ amount: 1_000n, currency: 'IQD' }, padded)).toBe(1)
    expect(() => amountOut({ amount: 1_001n, currency: 'IQD' }, padded)).toThrow(NotRepresentable)
  })

  test('more digits are zeros', () => {
    expect(amountOut({ amount: 7n, currency: 'JPY' }, padded)).toBe(700)
    expect(amountIn(700, 'JPY', padded).amount).toBe(7n)
    expect(() => amountIn(701, 'JPY', padded)).toThrow(NotRepresentable)
    expect(amountIn(3, 'IQD', padded).amount).toBe(3_000n)
    // 8·10¹⁷ would be exact here, but so large a JSON number may have been another one.
    expect(() => amountIn(8e17, 'JPY', padded)).toThrow('not a whole number')
    expect(amountIn('800000000000000000', 'JPY', padded).amount).toBe(8_000_000_000_000_000n)
  })

  test('other currencies keep their own, whatever they are called', () => {
    expect(amountOut({ amount: 12_501n, currency: 'BHD' }, tamara)).toBe('12.501')
    for (const currency of ['constructor', '__proto__', 'XXX'])
      expect(() => amountOut({ amount: 1n, currency }, tamara)).toThrow('is not an ISO 4217 code')
  })

  test('a step must divide it', () => {
    const cash: AmountRule = { wire: 'minor_integer', step: { KWD: 10 } }
    expect(amountOut({ amount: -20n, currency: 'KWD' }, cash)).toBe(-20)
    for (const amount of [1n, 15n, -9n])
      expect(() => amountOut({ amount, currency: 'KWD' }, cash)).toThrow('not a multiple of 10')
    expect(amountOut({ amount: 15n, currency: 'SAR' }, cash)).toBe(15)
    expect(() => amountOut({ amount: 1n, currency: 'constructor' }, cash)).toThrow('is not an ISO 4217 code')
  })

  test('for any digits and step: what goes out comes back, and is a multiple', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...wires),
        fc.constantFrom('KWD', 'SAR', 'JPY', 'CLF'),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
        (wire, currency, digits, step, amount) => {
          const rule: AmountRule = { wire, digits: { [currency]: digits }, step: { [currency]: step } }
          let written
          try {
            written = amountOut({ amount, currency }, rule)
          } catch (error) {
            expect(error).toBeInstanceOf(NotRepresentable)
            const surplus = 10n ** BigInt(Math.max(0, exponentOf(currency)! - digits))
            expect(amount % BigInt(step) !== 0n || amount % surplus !== 0n || wire !== 'decimal_string').toBe(
              true,
            )
            return
          }
          expect(amount % BigInt(step)).toBe(0n)
          expect(amountIn(written, currency, rule).amount).toBe(amount)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

test('more than a JSON number holds is refused in both directions', () => {
  for (const wire of wires) {
    expect(() => amountOut({ amount: SAFE + 1n, currency: 'SAR' }, { wire })).toThrow(NotRepresentable)
    expect(() => amountIn('9'.repeat(40), 'SAR', { wire })).toThrow(NotRepresentable)
  }
  expect(() => amountIn(2 ** 53, 'SAR', { wire: 'minor_integer' })).toThrow(NotRepresentable)
  expect(() => amountIn(1.5, 'SAR', { wire: 'minor_integer' })).toThrow(NotRepresentable)
  expect(() => amountIn(0.1 + 0.2, 'SAR', { wire: 'decimal_number' })).toThrow(NotRepresentable)
  expect(() => amountIn(1e21, 'SAR', { wire: 'decimal_number' })).toThrow(NotRepresentable)
  expect(() =>
    amountOut(
      { amount: 9_007_199_254_740_991n, currency: 'JPY' },
      { wire: 'minor_integer', digits: { JPY: 2 } },
    ),
  ).toThrow(NotRepresentable)
})
