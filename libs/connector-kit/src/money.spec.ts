import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decimalOf, exponentOf, minorUnitsOf, NotRepresentable } from './money.ts'

test.each([
  ['KWD', 3],
  ['IQD', 3],
  ['BHD', 3],
  ['OMR', 3],
  ['JOD', 3],
  ['TND', 3],
  ['LYD', 3],
  ['SAR', 2],
  ['LBP', 2],
  ['YER', 2],
  ['SYP', 2],
  ['PKR', 2],
  ['JPY', 0],
  ['DJF', 0],
  ['KMF', 0],
])('%s has %d decimals', (currency, digits) => {
  expect(exponentOf(currency)).toBe(digits)
})

test.each(['XXX', 'kwd', '', 'toString', 'ILR'])('%s is no currency, and gets no default', (currency) => {
  expect(exponentOf(currency)).toBeUndefined()
  expect(() => decimalOf({ amount: 1n, currency })).toThrow(NotRepresentable)
})

test('every amount goes out and comes back, as text and as a JSON number of 15 digits', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('KWD', 'SAR', 'JPY', 'IQD', 'CLF'),
      fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }),
      (currency, amount) => {
        const text = decimalOf({ amount, currency })
        expect(minorUnitsOf(text, currency)).toEqual({ amount, currency })
        expect(minorUnitsOf(JSON.parse(text) as number, currency).amount).toBe(amount)
      },
    ),
    { numRuns: 20_000 },
  )
})

test('nothing is rounded: what does not fit is refused', () => {
  expect(decimalOf({ amount: 12_500n, currency: 'KWD' })).toBe('12.500')
  expect(decimalOf({ amount: 12_500n, currency: 'KWD' }, 2)).toBe('12.50')
  expect(() => decimalOf({ amount: 12_505n, currency: 'KWD' }, 2)).toThrow(NotRepresentable)
  expect(minorUnitsOf('1.000', 'SAR').amount).toBe(100n)
  for (const wrong of ['1.001', '1e3', '', '.5', '1.', '0x1', '١٢', ' 1', '1,000', 'NaN'])
    expect(() => minorUnitsOf(wrong, 'SAR')).toThrow(NotRepresentable)
  for (const wrong of [1e21, 0.1 + 0.2, NaN, Infinity])
    expect(() => minorUnitsOf(wrong, 'SAR')).toThrow(NotRepresentable)
})
