import { eventTypes } from '@app/connector-kit'

const uuid = { type: 'string', format: 'uuid' } as const
const time = { type: 'string', format: 'date-time' } as const
const text = { type: 'string' } as const
const whole = { type: 'integer' } as const
const object = { type: 'object' } as const

/** What `dataschema` of an event names; null: there is no such event, or no such form of it. */
export function eventSchemaOf(
  type: string,
  major: string,
  publicUrl: string,
): Record<string, unknown> | null {
  if (!eventTypes.has(type) || major !== '1') return null
  const address = `${publicUrl}/schemas/events/${type}/${major}`
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: address,
    title: type,
    description:
      'CloudEvents 1.0, structured. Members are added without notice; one that is here keeps its meaning. ' +
      'An event comes again under the same `source` and `id`; drop what is not newer than the `data.version` you hold.',
    type: 'object',
    required: REQUIRED,
    properties: {
      ...ENVELOPE,
      type: { const: type },
      dataschema: { const: address },
      data: DATA,
    },
  }
}

const REQUIRED = [
  ...['specversion', 'id', 'type', 'source', 'subject', 'time', 'recordedtime', 'datacontenttype'],
  ...['dataschema', 'environment', 'projectid', 'data'],
]

const ENVELOPE = {
  specversion: { const: '1.0' },
  id: { ...uuid, description: 'Also the `webhook-id`.' },
  source: { ...text, description: 'The connection it comes from, or else the project.' },
  subject: { ...text, description: 'The id, with us, of what it is about.' },
  time: {
    ...time,
    description: 'When it happened at the provider; where that is not known, when we heard of it.',
  },
  recordedtime: { ...time, description: 'When it was recorded.' },
  datacontenttype: { const: 'application/json' },
  environment: { enum: ['dev', 'staging', 'prod'] },
  provider: text,
  projectid: uuid,
  rawref: {
    ...text,
    description: 'Where the delivery that it came from can be read, as it came, while it is kept.',
  },
}

const DATA = {
  type: 'object',
  required: ['object', 'trust'],
  properties: {
    object: {
      ...object,
      description: 'The whole resource as the API shows it; `thin`: `id`, `status` and `version`.',
    },
    version: { ...whole, description: 'Of the resource.' },
    previous: { ...object, description: 'What was before, of the members that changed.' },
    trust: {
      enum: ['signed', 'confirmed', 'observed'],
      description: 'The provider signed it; or we asked the provider; or we saw it ourselves.',
    },
    late: { type: 'boolean', description: 'It happened after the end of what it happened to.' },
    thin: { const: true, description: 'The object was too large to be carried along: ask for it.' },
    test: { const: true, description: 'Made up, because somebody asked for a test. It never happened.' },
  },
}
