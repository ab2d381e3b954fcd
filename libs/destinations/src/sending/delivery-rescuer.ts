import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database } from '@app/database'
import { schedules, Tasks } from '@app/jobs'
import { CANCELLED_AT_ONCE, cancelWaiting } from '../delivery/cancel-waiting.ts'

const BATCH = 500

/** Takes up what a dead worker left behind, and ends what waits for destinations that are deleted. */
@Injectable()
export class DeliveryRescuer implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'event-rescue',
      everySeconds: 15,
      part: 'deliveries',
      run: async ({ signal }) => ({ ...(await this.rescue(signal)), cancelled: await this.cancel(signal) }),
    })
  }

  /**
   * By hand: the lease is judged by the database's clock, and its token moves on in the same statement, so that a worker
   * that was only slow cannot write its result any more. Attempts were counted when they began, so a delivery that kills
   * every worker ends as well.
   */
  async rescue(signal: AbortSignal): Promise<{ again: number; dead_letter: number }> {
    const counts = { again: 0, dead_letter: 0 }
    while (!signal.aborted) {
      const rescued = await this.database.query<{ status: 'retrying' | 'dead_letter' }>(RESCUE, [
        BATCH,
        schedules.patient.length,
      ])
      for (const { status } of rescued) counts[status === 'retrying' ? 'again' : 'dead_letter']++
      if (rescued.length < BATCH) break
    }
    return counts
  }

  async cancel(signal: AbortSignal): Promise<number> {
    let cancelled = 0
    while (!signal.aborted) {
      const some = await this.database.transaction((unit) => cancelWaiting(unit))
      cancelled += some
      if (some < CANCELLED_AT_ONCE) break
    }
    return cancelled
  }
}

const RESCUE = `
  WITH rescued AS (
    UPDATE destination_deliveries w SET
      status = CASE WHEN w.retry_count > $2 THEN 'dead_letter' ELSE 'retrying' END,
      next_retry_at = CASE WHEN w.retry_count > $2 THEN NULL ELSE now() END,
      error_message = 'worker_lost', lease_until = NULL, lease_token = w.lease_token + 1
    FROM (SELECT id FROM destination_deliveries WHERE status = 'processing' AND lease_until < now()
          ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED) left_behind
    WHERE w.id = left_behind.id RETURNING w.id, w.project_id, w.retry_count, w.status
  ), kept AS (
    INSERT INTO delivery_attempts (delivery_id, project_id, attempt, outcome, duration_ms)
    SELECT id, project_id, retry_count, 'worker_lost', 0 FROM rescued
  )
  SELECT status FROM rescued`
