import { expect, test } from '@jest/globals'
import { messageOf, overFields, overParts } from './signed.ts'
import { delivery } from './testing/ask.ts'

const fields = overFields([
  { label: 'x_id', path: ['id'] },
  { label: 'x_amount', path: ['money', 'amount'], write: (value) => (value === 1 ? '1.000' : undefined) },
  { label: 'x_note', path: ['note'], optional: true },
])
const over = (body: unknown) => messageOf(fields, delivery({ body: JSON.stringify(body) }))

test('fields stand in the declared order, whatever the order of the body is', () => {
  expect(over({ note: 'n', money: { amount: 1 }, id: 'a' })).toBe('x_idax_amount1.000x_noten')
  expect(over({ id: 7, money: { amount: 1 } })).toBe('x_id7x_amount1.000x_note')
  expect(over({ id: false, money: { amount: 1 }, note: null })).toBe('x_idfalsex_amount1.000x_note')
})

test.each([
  {},
  { id: null, money: { amount: 1 } },
  { id: {}, money: { amount: 1 } },
  { id: ['a'], money: { amount: 1 } },
  { id: 'a', money: { amount: 2 } },
  { id: 'a', money: [] },
  { id: 'a', money: { amount: 1 }, note: {} },
  [],
  null,
  'id',
])('what cannot be written is not signed: %j', (body) => {
  expect(over(body)).toBeNull()
})

test('a member that is inherited, or hides in __proto__, is none', () => {
  const named = overFields([{ path: ['constructor', 'name'] }])
  expect(messageOf(named, delivery({ body: '{}' }))).toBeNull()
  expect(messageOf(fields, delivery({ body: '{"__proto__":{"id":"a","money":{"amount":1}}}' }))).toBeNull()
})

test('of two members of one name the last counts, for the signature as for whoever reads the body', () => {
  expect(messageOf(fields, delivery({ body: '{"id":"a","id":"b","money":{"amount":1}}' }))).toBe(
    'x_idbx_amount1.000x_note',
  )
})

test('half a character has no bytes: it is not signed as the mark that stands for it', () => {
  const body = String.raw`{"id":"\ud800","money":{"amount":1}}`
  expect(messageOf(fields, delivery({ body }))).toBeNull()
  expect(over({ id: '\ufffd', money: { amount: 1 } })).toBe('x_id\ufffdx_amount1.000x_note')
})

test('parts of a request, bytes as they came', () => {
  const body = Buffer.from([0, 255, 10])
  const given = delivery({ body, headers: { 'x-at': '5' }, url: 'https://x.example/?a=b', method: 'PUT' })
  const signed = overParts('method', { text: ' ' }, 'url', { header: 'X-At' }, 'raw_body')
  expect(messageOf(signed, given)).toEqual(Buffer.concat([Buffer.from('PUT https://x.example/?a=b5'), body]))
  expect(messageOf('raw_body', given)).toEqual(body)
})

test('a part that is missing or repeated leaves nothing to sign', () => {
  const signed = overParts({ header: 'x-at' }, 'raw_body')
  expect(messageOf(signed, delivery({}))).toBeNull()
  expect(messageOf(signed, delivery({ lines: ['x-at', '5', 'X-At', '5'] }))).toBeNull()
})
