import { Injectable } from '@nestjs/common'
import type { Sql } from '@app/database'
import { type Answer, AnswerVault } from './answer-vault.ts'

/** Keys whose request may have happened or not: whoever finds out says how it ended. */
@Injectable()
export class OpenKeys {
  constructor(private readonly vault: AnswerVault) {}

  /**
   * The final answer of the request that had this `id`, written in the caller's unit of work, with what it has found.
   * Further requests with the key are answered it, for a day at least. Also where the process that ran it was killed.
   * false: there is nothing to settle; it has an answer already, is being worked on, or was removed.
   */
  async settle({ query }: Sql, owner: { projectId: string; id: string }, answer: Answer): Promise<boolean> {
    const { projectId, id } = owner
    const { rowCount } = await query(SETTLE, [
      projectId,
      id,
      answer.status,
      this.vault.seal({ id, project_id: projectId }, answer),
    ])
    return rowCount === 1
  }
}

const SETTLE = `
  UPDATE idempotency_keys SET status = 'done', response_status = $3, response = $4, lease_until = NULL,
    lease_token = lease_token + 1, expires_at = greatest(expires_at, now() + interval '24 hours')
  WHERE project_id = $1 AND id = $2 AND (status = 'open' OR (status = 'running' AND lease_until <= now()))`
