import { newId } from '@app/http'

interface Read {
  event_id: string
  project_id: string
  accessed_by: string
  access_reason: string
  ip_address: string
  outcome: 'granted' | 'denied'
}

/** Who read a body or tried to, when and why. Written once; the database refuses to change or remove it. */
export class BodyRead {
  readonly id: string
  readonly event_id: string
  readonly accessed_by: string
  readonly access_reason: string
  readonly outcome: 'granted' | 'denied'
  readonly ip_address: string | null
  readonly accessed_at!: Date
  /** null in rows of older schemas. */
  readonly project_id: string | null

  constructor(read: Read) {
    this.id = newId()
    this.event_id = read.event_id
    this.project_id = read.project_id
    this.accessed_by = read.accessed_by
    this.access_reason = read.access_reason
    this.ip_address = read.ip_address
    this.outcome = read.outcome
  }
}
