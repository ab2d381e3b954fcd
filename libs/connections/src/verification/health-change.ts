import type { EventType } from '@app/connector-kit'
import { newId } from '@app/http'
import type { Connection, Environment, HealthState } from '../connection/connection.ts'

/** What of a connection a check can change. */
export type Standing = Pick<Connection, 'status' | 'health_state'>

/** A change of a connection's health that is news. It is written with the change itself, once, and events are made of it. */
export class HealthChange {
  readonly id: string
  readonly project_id: string
  readonly environment: Environment
  readonly connection_id: string
  readonly from_state: HealthState
  readonly to_state: HealthState
  readonly event_type: EventType
  /** A code, never a provider's text. */
  readonly message: string | null
  readonly at!: Date

  constructor(
    { id, project_id, environment }: Pick<Connection, 'id' | 'project_id' | 'environment'>,
    from: Standing,
    to: Standing,
    { type, message }: { type: EventType; message: string | null },
  ) {
    this.id = newId()
    this.project_id = project_id
    this.environment = environment
    this.connection_id = id
    this.from_state = from.health_state
    this.to_state = to.health_state
    this.event_type = type
    this.message = message
  }
}

/** What a check's outcome is called in the catalogue of events; null: all is as it was. */
export function newsOf(from: Standing, to: Standing): EventType | null {
  // Refused credentials make it ill as well, but only one of the two says what to do.
  if (to.status === 'failed' && from.status !== 'failed') return 'connection.credentials_invalid'
  if (to.health_state === from.health_state || to.health_state === 'unknown') return null
  return `connection.${to.health_state}`
}
