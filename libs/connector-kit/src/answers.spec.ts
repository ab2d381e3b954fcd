import { expect, test } from '@jest/globals'
import { digitsOf, exactJsonOf, jsonOf, UnexpectedAnswer } from './answers.ts'
import type { Reply } from './connector.ts'
import { memberOf } from './delivery.ts'

const reply = (status: number, text: string): Reply => ({
  status,
  headers: {},
  text,
  json: () => JSON.parse(text) as unknown,
})

test.each([199, 301, 304, 400, 401, 404, 500])('%d is not what was asked for', (status) => {
  const asked = (): unknown => jsonOf(reply(status, '{"secret":"canary"}'))
  expect(asked).toThrow(UnexpectedAnswer)
  expect(asked).toThrow(String(status))
  expect(asked).not.toThrow('canary')
  expect(() => exactJsonOf(reply(status, '{}'))).toThrow(UnexpectedAnswer)
})

test('numbers come out as they stand in the text, however large or written', () => {
  const text = '{"id":12345678901234567890,"n":[1.50,-0.0,1e3,7],"text":"12345678901234567890","none":null}'
  expect(JSON.stringify(exactJsonOf(reply(200, text)))).toBe(text)
})

test('and can be read as digits', () => {
  const json = exactJsonOf(reply(200, '{"large":12345678901234567890,"small":7,"text":"7","cut":7.5}'))
  expect(['large', 'small', 'text', 'cut', 'none'].map((name) => digitsOf(memberOf(json, name)))).toEqual([
    '12345678901234567890',
    '7',
    undefined,
    undefined,
    undefined,
  ])
})
