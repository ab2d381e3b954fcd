import { expect, test } from '@jest/globals'
import { Problem } from '@app/http'
import { presentDestination } from './destination.api.ts'
import { Destination } from './destination.ts'

const destination = (): Destination => {
  const made = new Destination({
    ...{ id: 'd', project_id: 'p', environment: null, kind: 'http', url: 'https://app.example/' },
    ...{ types: [], providers: [], ordered: false, schema_major: 1, config: {} },
  })
  made.begin({ v: 1 })
  return made
}

test('what is named changes, what is not stays, and each change counts once', () => {
  const one = destination()
  one.change({ url: 'https://other.example/', types: ['payment.*'], name: undefined, secrets: undefined })
  expect(one).toMatchObject({
    ...{ url: 'https://other.example/', types: ['payment.*'], name: null, secrets: { v: 1 }, version: 2 },
  })
  one.change({ name: 'App', status: 'disabled' })
  expect(one).toMatchObject({ name: 'App', status: 'disabled', disabled_reason: 'by_user', version: 3 })
})

test('enabled again it has its time anew, and why it was disabled is forgotten', () => {
  const one = destination()
  Object.assign(one, { failing_since: new Date(0) })
  one.disable('failing')
  expect(one).toMatchObject({ status: 'disabled', disabled_reason: 'failing', failing_since: new Date(0) })
  one.change({ status: 'disabled' })
  expect(one.disabled_reason).toBe('failing')
  one.change({ status: 'enabled' })
  expect(one).toMatchObject({ status: 'enabled', disabled_reason: null, failing_since: null })
})

test('deleted, it keeps nothing secret and moves no more', () => {
  const one = destination()
  one.remove()
  expect(one).toMatchObject({ status: 'deleted', secrets: null, version: 2 })
  one.remove()
  expect(one.version).toBe(2)
  for (const move of [
    () => one.change({ status: 'enabled' }),
    () => one.rotate({ v: 1 }),
    () => one.disable('gone'),
    () => one.onlyLive(),
  ])
    expect(move).toThrow(Problem)
})

test('what is shown of it holds no secret', () => {
  expect(presentDestination(destination())).not.toHaveProperty('secrets')
})
