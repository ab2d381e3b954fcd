import { Injectable, type OnModuleInit } from '@nestjs/common'
import { durationSeconds, Settings } from '@app/config'
import { Database } from '@app/database'
import { type OldRows, removeOldRows, Tasks } from '@app/jobs'

/** Those that have ended, with their attempts; and those that wait for a destination to which nothing goes. */
const DELIVERIES = {
  table: 'destination_deliveries',
  at: 'created_at',
  only: `status IN ('delivered', 'dead_letter', 'cancelled') OR (status IN ('pending', 'retrying')
    AND NOT EXISTS (SELECT FROM destinations d WHERE d.id = destination_id AND d.status = 'enabled'))`,
}

/** What is still on its way, or was sent again, needs its event. */
const EVENTS = {
  table: 'outgoing_events',
  at: 'recorded_at',
  only: 'NOT EXISTS (SELECT FROM destination_deliveries w WHERE w.outgoing_event_id = outgoing_events.id)',
}

const DESTINATIONS = {
  table: 'destinations',
  at: 'updated_at',
  only: `status = 'deleted'
    AND NOT EXISTS (SELECT FROM destination_deliveries w WHERE w.destination_id = destinations.id)`,
}

/** Deliveries and the events they carried go when their time is over: RETENTION_EVENTS, or sooner where a project wishes so. */
@Injectable()
export class DeliveryRetention implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: 3_600,
      part: 'deliveries',
      run: ({ signal }) => this.removeOld(signal),
    })
  }

  async removeOld(signal: AbortSignal): Promise<Record<string, number>> {
    const counts = { removed: 0, events: 0, destinations: 0 }
    for (const whose of await this.#terms()) {
      const remove = (rows: Omit<OldRows, 'olderThanSeconds'>): Promise<number> =>
        removeOldRows(this.database, { ...rows, ...whose }, signal)
      counts.removed += await remove(DELIVERIES)
      counts.events += await remove(EVENTS)
      counts.destinations += await remove(DESTINATIONS)
    }
    return counts
  }

  /** The platform's, and those of projects that are stricter. */
  async #terms(): Promise<Pick<OldRows, 'olderThanSeconds' | 'projectId'>[]> {
    const platform = this.settings.get('RETENTION_EVENTS')
    const wishes = await this.database.query<{ projectId: string; own: string }>(
      `SELECT project_id AS "projectId", retention ->> 'events' AS own FROM project_settings WHERE retention ? 'events'`,
    )
    const stricter = wishes
      .map(({ projectId, own }) => ({ projectId, olderThanSeconds: durationSeconds(own) }))
      .filter(({ olderThanSeconds }) => olderThanSeconds < platform)
    return [{ olderThanSeconds: platform }, ...stricter]
  }
}
