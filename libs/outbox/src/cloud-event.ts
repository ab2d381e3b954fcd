import type { OutgoingEvent } from './outgoing-event.ts'

/** CloudEvents 1.0, structured JSON (unified-models.md 6). Attribute names are lower-case letters, as it asks. */
export interface CloudEvent {
  specversion: '1.0'
  id: string
  type: string
  source: string
  subject: string
  time: string
  recordedtime: string
  datacontenttype: 'application/json'
  dataschema: string
  environment: string
  provider?: string
  projectid: string
  rawref?: string
  data: Record<string, unknown>
}

/** Beyond this the object is left out, and asked for by its id (unified-models.md 6). */
const THIN_FROM_BYTES = 20_000

/** The envelope of an event, the same at every try. `publicUrl` serves the schema that it names. */
export function envelopeOf(event: OutgoingEvent, publicUrl: string, schemaMajor = 1): CloudEvent {
  const project = `/v1/projects/${event.project_id}`
  return {
    specversion: '1.0',
    id: event.id,
    type: event.type,
    source: event.connection_id === null ? project : `${project}/connections/${event.connection_id}`,
    subject: event.subject,
    time: event.occurred_at.toISOString(),
    recordedtime: event.recorded_at.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${publicUrl}/schemas/events/${event.type}/${schemaMajor}`,
    environment: event.environment,
    ...(event.provider !== null && { provider: event.provider }),
    projectid: event.project_id,
    ...(event.event_id !== null && { rawref: `${project}/events/${event.event_id}/body` }),
    data: bounded(event),
  }
}

function bounded({ data }: OutgoingEvent): Record<string, unknown> {
  const whole = { ...data }
  if (Buffer.byteLength(JSON.stringify(whole)) < THIN_FROM_BYTES) return whole
  const { id, status, version } = data.object
  return {
    ...whole,
    object: {
      ...(id !== undefined && { id }),
      ...(status !== undefined && { status }),
      ...(version !== undefined && { version }),
    },
    thin: true,
  }
}
