import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { newId } from '@app/http'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { WebhookEvents } from './webhook-events.ts'

const KEY = 'segments/259200/20261124/01a20b6b-1a45-719d-8ec6-a72a3da39f93'
let fresh: FreshDatabase
let database: Database
let events: WebhookEvents
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  events = new WebhookEvents(database)
  await database.query("INSERT INTO projects (name) VALUES ('p')")
  await database.query(
    "INSERT INTO integration_connections (project_id, provider) SELECT id, 'github' FROM projects",
  )
  await database.query(
    `INSERT INTO integration_events (id, connection_id, provider, event_id, raw_body_url)
     SELECT $1, id, provider, 'e', $2 FROM integration_connections`,
    [newId(), `file:///old/place/${KEY}#offset=0&length=5`],
  )
})
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

const hour = 3_600_000
const around = [new Date(Date.now() - hour), new Date(Date.now() + hour)] as const

test('an object with a row is referred to, even after the store was moved', async () => {
  expect(await events.refersTo(`file:///old/place/${KEY}`, ...around)).toBe(true)
  expect(await events.refersTo(`s3://bucket/new/${KEY}`, ...around)).toBe(true)
})

test('another object is not, nor one whose key only begins alike', async () => {
  expect(await events.refersTo(`file:///old/place/${KEY.replace('3$', '4').slice(0, -1)}4`, ...around)).toBe(
    false,
  )
  expect(await events.refersTo(`file:///old/place/${KEY.slice(0, -1)}`, ...around)).toBe(false)
})

test('rows of another time are not looked at', async () => {
  expect(await events.refersTo(`file:///old/place/${KEY}`, new Date(0), new Date(1))).toBe(false)
})
