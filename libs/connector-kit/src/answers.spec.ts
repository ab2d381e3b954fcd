import { inspect } from 'node:util'
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

test('what it was is weighed by the connector, and shown to nobody', () => {
  const answer = new UnexpectedAnswer(reply(403, '{"secret":"canary"}'))
  const limited = { code: 'rate_limited', retry: 'same', effect: 'none' } as const
  expect(answer.weighedBy({ classify: ({ status }) => (status === 403 ? limited : null) })).toBe(limited)
  expect(answer.weighedBy({ classify: () => null })).toMatchObject({ code: 'provider_error', retry: 'same' })
  expect(inspect(answer, { showHidden: true, depth: 9 }) + JSON.stringify(answer)).not.toContain('canary')
  expect(answer.code).toBe('status_403')
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
