import { Injectable, Logger } from '@nestjs/common'
import { Database, type Work } from '@app/database'
import type { Caller } from '@app/http'
import { AuditEntry, type Deed } from './audit-entry.ts'

/** Who did what (security.md 9.2). */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger('audit')

  constructor(private readonly database: Database) {}

  /** Committed before this resolves; with the unit of work where one is given. */
  async record(deed: Deed, unit?: Work): Promise<void> {
    const write = async ({ em }: Work): Promise<void> => {
      em.persist(new AuditEntry(deed))
    }
    await (unit ? write(unit) : this.database.transaction(write))
  }

  by(
    caller: Caller,
    action: string,
    subject: string,
    details: Record<string, unknown> = {},
    projectId = caller.projectId,
    unit?: Work,
  ): Promise<void> {
    return this.record(
      { actor: caller.id, action, subject, projectId, address: caller.address, details },
      unit,
    )
  }

  /** The same without waiting: for refusals, which must not become slower by being noted. */
  note(deed: Deed): void {
    this.record(deed).catch(() => {
      this.logger.warn({ msg: 'an audit entry was lost', action: deed.action })
    })
  }
}
