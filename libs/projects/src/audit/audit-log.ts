import { Injectable, Logger } from '@nestjs/common'
import { Database, type Sql } from '@app/database'
import type { Caller } from '@app/http'
import { v7 } from 'uuid'

export interface AuditEntry {
  actor: string
  action: string
  subject: string
  projectId?: string | null
  address?: string
  /** Names of what changed, never values. */
  details?: Record<string, unknown>
}

const INSERT = `INSERT INTO audit_log (id, project_id, actor, action, subject, details, ip_address)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`

/** Who did what (security.md 9.2). */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger('audit')

  constructor(private readonly database: Database) {}

  /** Committed before this resolves; in `sql`'s transaction where one is given. */
  async record(entry: AuditEntry, sql?: Sql): Promise<void> {
    const values = [
      v7(),
      entry.projectId ?? null,
      entry.actor,
      entry.action,
      entry.subject,
      entry.details ?? {},
      entry.address ?? null,
    ]
    await (sql ? sql.query(INSERT, values) : this.database.query(INSERT, values))
  }

  by(
    caller: Caller,
    action: string,
    subject: string,
    details: Record<string, unknown> = {},
    projectId = caller.projectId,
  ): Promise<void> {
    return this.record({ actor: caller.id, action, subject, projectId, address: caller.address, details })
  }

  /** The same without waiting: for refusals, which must not become slower by being noted. */
  note(entry: AuditEntry): void {
    this.record(entry).catch(() => {
      this.logger.warn({ msg: 'an audit entry was lost', action: entry.action })
    })
  }
}
