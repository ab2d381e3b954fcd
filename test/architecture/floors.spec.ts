import { expect, test } from '@jest/globals'
import { broken, importsOf, verdict } from './walk.ts'

test('imports fall like water', () => {
  expect(broken(process.cwd())).toEqual([])
})

test.each([
  ['projects', '@app/connections', 'that is upstairs'],
  ['egress', '@app/database', 'they are neighbours'],
  ['providers', '@app/database', 'they are neighbours'],
  ['webhooks', '@app/bodies/src/keys', 'a room has one door'],
  ['common', '@app/http', 'the room "common" is not in the drawing'],
  ['webhooks', '@app/bodies', null],
])('%s → %s: %s', (room, target, expected) => {
  expect(verdict(room, `${room}/src/index.ts`, target)).toBe(expected)
})

test('imports of every form are seen', () => {
  expect(importsOf("import a from 'x'\nexport * from 'y'\nawait import('z')\nimport 'w'")).toEqual([
    'x',
    'y',
    'z',
    'w',
  ])
})
