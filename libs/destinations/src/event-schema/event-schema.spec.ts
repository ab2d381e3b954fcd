import { expect, test } from '@jest/globals'
import { eventTypes } from '@app/connector-kit'
import { envelopeOf, type OutgoingEvent } from '@app/outbox'
import { z } from 'zod'
import { eventSchemaOf } from './event-schema.ts'

const HOST = 'https://wasl.example'
const ID = '0197a3c2-0000-7000-8000-000000000001'
const event = (fields: Partial<OutgoingEvent> = {}): OutgoingEvent => ({
  id: ID,
  project_id: ID,
  environment: 'prod',
  connection_id: ID,
  provider: 'tap_payments',
  event_id: ID,
  type: 'payment.captured',
  subject: ID,
  occurred_at: new Date(),
  recorded_at: new Date(),
  data: { object: { id: ID, status: 'captured' }, version: 7, previous: {}, trust: 'confirmed', late: false },
  ...fields,
})
const accepts = (schema: unknown, value: unknown): boolean =>
  z.fromJSONSchema(schema as never).safeParse(JSON.parse(JSON.stringify(value))).success

test('every word of the catalogue has one, at the address that its events name', () => {
  for (const type of eventTypes) {
    const { dataschema } = envelopeOf(event({ type: type as never }), HOST)
    expect(eventSchemaOf(type, '1', HOST)).toMatchObject({ $id: dataschema, title: type })
  }
  for (const [type, major] of [
    ['payment.paid', '1'],
    ['payment.*', '1'],
    ['payment.captured', '2'],
    ['payment.captured', '01'],
  ] as const)
    expect(eventSchemaOf(type, major, HOST)).toBeNull()
})

test('what is sent fits it: whole, thin, and with as little as there can be', () => {
  const schema = eventSchemaOf('payment.captured', '1', HOST)
  const large = { object: { id: ID, text: 'x'.repeat(30_000) }, trust: 'signed' } as const
  const bare = {
    connection_id: null,
    provider: null,
    event_id: null,
    data: { object: {}, trust: 'observed' },
  }
  for (const fields of [{}, { data: large }, bare as Partial<OutgoingEvent>])
    expect(accepts(schema, envelopeOf(event(fields), HOST))).toBe(true)
})

test('what is not such an event does not fit', () => {
  const schema = eventSchemaOf('payment.captured', '1', HOST)
  const good = envelopeOf(event(), HOST)
  for (const wrong of [
    { ...good, type: 'payment.failed' },
    { ...good, id: 'x' },
    { ...good, data: { object: {} } },
    { ...good, data: { ...good.data, trust: 'believed' } },
    { ...good, environment: 'live' },
    {},
  ])
    expect(accepts(schema, wrong)).toBe(false)
})
