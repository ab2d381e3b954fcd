import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database } from '@app/database'
import { Tasks } from '@app/jobs'

const BATCH = 500

/** Takes up what a dead worker left behind: events under work whose lease is over. */
@Injectable()
export class EventRescuer implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.tasks.add({ name: 'event-rescue', everySeconds: 15, run: ({ signal }) => this.rescue(signal) })
  }

  /**
   * By hand: the lease is judged by the database's clock, and its token moves on in the same statement, so that a worker
   * that was only slow cannot write its result any more. Attempts were counted when they began, so an event that kills
   * every worker ends as well. Rows of older schemas have no lease, and a minute.
   */
  async rescue(signal: AbortSignal): Promise<Record<string, number>> {
    const counts = { again: 0, dead_letter: 0 }
    while (!signal.aborted) {
      const rescued = await this.database.query<{ status: 'retrying' | 'dead_letter' }>(
        `WITH rescued AS (UPDATE integration_events e SET
           status = CASE WHEN e.retry_count > e.max_retries THEN 'dead_letter' ELSE 'retrying' END::integration_event_status,
           next_retry_at = CASE WHEN e.retry_count > e.max_retries THEN NULL ELSE now() END,
           error_message = 'worker_lost', lease_until = NULL, lease_token = e.lease_token + 1
         FROM (SELECT id FROM integration_events
               WHERE status = 'processing'
                 AND (lease_until < now() OR lease_until IS NULL AND updated_at < now() - interval '1 minute')
               ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED) left_behind
         WHERE e.id = left_behind.id RETURNING e.id, e.status, e.project_id, e.retry_count, e.replay_id
         ), noted AS (
           INSERT INTO event_attempts (event_id, project_id, kind, attempt, code, replay_id)
           SELECT id, project_id, 'failed', retry_count, 'worker_lost', replay_id FROM rescued WHERE project_id IS NOT NULL
         ) SELECT status FROM rescued`,
        [BATCH],
      )
      for (const { status } of rescued) counts[status === 'retrying' ? 'again' : 'dead_letter']++
      if (rescued.length < BATCH) break
    }
    return counts
  }
}
