import { expect, test } from '@jest/globals'
import { type EventType, eventTypes } from './event-types.ts'

test('every word is resource.fact in small letters, short enough for a filter', () => {
  for (const type of eventTypes) expect(type).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/)
  expect(Math.max(...[...eventTypes].map((type) => type.length))).toBeLessThanOrEqual(40)
})

test('the catalogue is what is promised: a word that goes or comes shows here', () => {
  expect(eventTypes.size).toBe(90)
  const some: EventType[] = [
    'payment.captured',
    'code.pushed',
    'connection.credentials_expiring',
    'provider.unmapped',
  ]
  expect([...eventTypes]).toEqual(expect.arrayContaining(some))
  for (const none of ['payment.pay', 'payment', 'captured', '', 'constructor', 'payment.toString'])
    expect(eventTypes.has(none)).toBe(false)
})
