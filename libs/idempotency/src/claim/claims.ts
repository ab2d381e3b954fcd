import { Injectable } from '@nestjs/common'
import { Database, isKnownProject, type Sql } from '@app/database'
import { newId, NotFound } from '@app/http'
import { type Answer, AnswerVault } from './answer-vault.ts'
import type { Asked, Claim, Held } from './claim.ts'

/** How long a key is ours without renewal, by the database's clock: longer than any pause of a healthy process. */
export const LEASE_SECONDS = 60
export const KEPT_HOURS = 72

/** Keys and who holds them. By hand: the database decides who is first, and whose result still counts. */
@Injectable()
export class Claims {
  constructor(
    private readonly database: Database,
    private readonly vault: AnswerVault,
  ) {}

  /** Committed before this resolves: whoever asks later, after a crash too, finds the key taken. */
  claim(asked: Asked): Promise<Claim> {
    return this.database.asProject(asked, async (unit) => {
      if (!(await isKnownProject(unit, asked.projectId))) throw NotFound()
      // A look first: replays and refusals then write nothing and wait for nobody.
      return (
        (await this.#standing(unit, asked)) ??
        (await this.#taken(unit, asked)) ??
        // Another was faster. Its row is locked by our statement, so it stands as the statement found it.
        (await this.#standing(unit, asked)) ?? { outcome: 'running' }
      )
    })
  }

  /** Is it still ours? */
  renew(held: Held): Promise<boolean> {
    return this.#ifOurs(held, `lease_until = now() + interval '${LEASE_SECONDS} seconds'`)
  }

  /** The answer, for whoever asks again. false: the lease was lost, and another decides. */
  keep(held: Held, answer: Answer): Promise<boolean> {
    const response = this.vault.seal({ id: held.id, project_id: held.tenant.projectId }, answer)
    return this.#ifOurs(
      held,
      "status = 'done', response_status = $4, response = $5, lease_until = NULL",
      answer.status,
      response,
    )
  }

  /** It may have happened: bound until somebody settles it. */
  leaveOpen(held: Held): Promise<boolean> {
    return this.#ifOurs(held, "status = 'open', lease_until = NULL")
  }

  /** Nobody knows how far it came: the same request may take it over at once. */
  abandon(held: Held): Promise<boolean> {
    return this.#ifOurs(held, 'lease_until = now()')
  }

  /** As if it had never been asked. */
  async release({ tenant, id, token }: Held): Promise<void> {
    await this.database.asProject(tenant, ({ query }) =>
      query(`DELETE FROM idempotency_keys WHERE ${OURS}`, [tenant.projectId, id, token]),
    )
  }

  async #standing({ query }: Sql, asked: Asked): Promise<Claim | null> {
    const { rows } = await query<StandingRow>({
      name: 'idempotency-standing',
      text: STANDING,
      values: valuesOf(asked),
    })
    const [row] = rows
    if (!row) return null
    if (!row.same) return { outcome: 'reused' }
    if (row.status === 'done') return { outcome: 'replayed', answer: this.vault.open(row) }
    return { outcome: row.status }
  }

  async #taken({ query }: Sql, asked: Asked): Promise<Claim | null> {
    const fresh = newId()
    const { rows } = await query<{ id: string; lease_token: string }>({
      name: 'idempotency-take',
      text: TAKE,
      values: [...valuesOf(asked), fresh],
    })
    const [row] = rows
    if (!row) return null
    const { projectId, environment } = asked
    const takenOver = row.id !== fresh
    return {
      outcome: takenOver ? 'taken_over' : 'first',
      held: { id: row.id, token: row.lease_token, tenant: { projectId, environment }, takenOver },
    }
  }

  async #ifOurs({ tenant, id, token }: Held, change: string, ...values: unknown[]): Promise<boolean> {
    const { rowCount } = await this.database.asProject(tenant, ({ query }) =>
      query(`UPDATE idempotency_keys SET ${change} WHERE ${OURS}`, [tenant.projectId, id, token, ...values]),
    )
    return rowCount === 1
  }
}

type StandingRow = { id: string; project_id: string; same: boolean } & (
  { status: 'running' | 'open' } | { status: 'done'; response_status: number; response: unknown }
)

/** $1 to $5 of both statements. */
function valuesOf({ projectId, environment, route, keyHash, fingerprint }: Asked): unknown[] {
  return [projectId, environment ?? 'all', route, keyHash, fingerprint]
}

const OURS = "project_id = $1 AND id = $2 AND lease_token = $3 AND status = 'running'"
/** An open one is bound until it is settled: asked anew after three days, it could happen twice. */
const EXPIRED = "(k.expires_at <= now() AND k.status <> 'open')"
const FREE = `(${EXPIRED} OR (k.status = 'running' AND k.lease_until <= now() AND k.body_hash = $5))`

const STANDING = `
  SELECT k.id, k.project_id, k.body_hash = $5 AS same, k.status, k.response_status, k.response FROM idempotency_keys k
  WHERE k.project_id = $1 AND k.environment = $2 AND k.route = $3 AND k.key_hash = $4 AND NOT ${FREE}`

const TAKE = `
  INSERT INTO idempotency_keys AS k (project_id, environment, route, key_hash, body_hash, id, lease_until, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, now() + interval '${LEASE_SECONDS} seconds', now() + interval '${KEPT_HOURS} hours')
  ON CONFLICT (project_id, environment, route, key_hash) DO UPDATE SET
    id = CASE WHEN ${EXPIRED} THEN excluded.id ELSE k.id END,
    created_at = CASE WHEN ${EXPIRED} THEN excluded.created_at ELSE k.created_at END,
    body_hash = excluded.body_hash, status = 'running', response_status = NULL, response = NULL,
    lease_until = excluded.lease_until, lease_token = k.lease_token + 1, expires_at = excluded.expires_at
  WHERE ${FREE}
  RETURNING id, lease_token`
