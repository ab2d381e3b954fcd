import { Injectable, Logger } from '@nestjs/common'
import { LockMode } from '@mikro-orm/core'
import { Database, rowsOf, type Work } from '@app/database'
import { newId } from '@app/http'
import { type News, Outbox } from '@app/outbox'
import { AuditLog } from '@app/projects'
import { presentDestination } from '../destination/destination.api.ts'
import { Destination, type DisabledReason } from '../destination/destination.ts'
import { OperatorNotice } from './operator-notice.ts'

interface Which {
  id: string
  projectId: string
}

/** The platform sends nothing more to a destination, and says so: to the project's others, the audit, the log, the operator. */
@Injectable()
export class Disabling {
  private readonly logger = new Logger('destinations')

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly audit: AuditLog,
    private readonly notice: OperatorNotice,
  ) {}

  /** Whether it was disabled now: not if it is not enabled any more, or `stillSo` denies it. */
  async disable(
    which: Which,
    reason: DisabledReason,
    stillSo: (destination: Destination) => boolean = () => true,
  ): Promise<boolean> {
    const tenant = { projectId: which.projectId }
    const disabled = await this.database.asProject(tenant, async (unit) => {
      const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
      const destination = await unit.em.findOne(Destination, { id: which.id, ...rowsOf(tenant) }, lock)
      if (destination?.status !== 'enabled' || !stillSo(destination)) return null
      destination.disable(reason)
      await this.#tell(destination, reason, unit)
      return destination
    })
    if (!disabled) return false
    this.outbox.committed()
    const { id: destination, project_id: project, environment } = disabled
    this.logger.warn({ msg: 'destination disabled', destination, project, reason })
    await this.notice.give({
      what: 'destination.disabled',
      ...{ when: new Date().toISOString(), reason },
      ...{ project_id: project, environment, destination_id: destination },
    })
    return true
  }

  async #tell(destination: Destination, reason: DisabledReason, unit: Work): Promise<void> {
    await this.audit.record(
      {
        actor: 'platform',
        action: 'destination.disabled',
        subject: destination.id,
        projectId: destination.project_id,
        details: { reason },
      },
      unit,
    )
    // Written before its news are: it hears of nothing any more, itself included.
    await unit.em.flush()
    const current = await unit.em.refreshOrFail(destination)
    await this.outbox.add(unit, [newsOf(current)])
  }
}

function newsOf(destination: Destination): News {
  return {
    // Told once: the row was locked, and is enabled no more.
    id: newId(),
    projectId: destination.project_id,
    // One of all three is told where nobody has said where (unified-models.md 0).
    environment: destination.environment ?? 'prod',
    connectionId: null,
    provider: null,
    eventId: null,
    type: 'destination.disabled',
    subject: destination.id,
    occurredAt: new Date(),
    data: {
      object: presentDestination(destination),
      version: destination.version,
      previous: { status: 'enabled' },
      trust: 'observed',
    },
  }
}
