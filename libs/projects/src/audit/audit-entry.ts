import { v7 } from 'uuid'

/** What is said to the audit. */
export interface Deed {
  actor: string
  action: string
  subject: string
  projectId?: string | null
  address?: string
  /** Names of what changed, never values. */
  details?: Record<string, unknown>
}

/** One line of the audit. It is written once and never changed. */
export class AuditEntry {
  readonly id: string
  readonly project_id: string | null
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly details: Record<string, unknown>
  readonly ip_address: string | null
  readonly at!: Date

  constructor({ actor, action, subject, projectId = null, address, details = {} }: Deed) {
    this.id = v7()
    this.project_id = projectId
    this.actor = actor
    this.action = action
    this.subject = subject
    this.details = details
    this.ip_address = address ?? null
  }
}
