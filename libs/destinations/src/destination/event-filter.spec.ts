import { expect, test } from '@jest/globals'
import { eventTypes } from '@app/connector-kit'
import { exampleOf, familyOf, isFilter } from './event-filter.ts'

test('words of the catalogue and families of it, and nothing else', () => {
  for (const type of eventTypes) expect([isFilter(type), isFilter(familyOf(type))]).toEqual([true, true])
  for (const none of [
    '',
    '*',
    'payment',
    'payment.',
    'payment.paid',
    'payments.*',
    'pay*',
    '.*',
    'constructor.*',
  ])
    expect([none, isFilter(none)]).toEqual([none, false])
})

test('an example passes the filter that it is one of', () => {
  expect(exampleOf([])).toBe('payment.captured')
  expect(exampleOf(['shipment.delivered', 'payment.*'])).toBe('shipment.delivered')
  for (const type of eventTypes) expect(familyOf(exampleOf([familyOf(type)]))).toBe(familyOf(type))
})
