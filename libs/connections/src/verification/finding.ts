import { Injectable } from '@nestjs/common'
import type { Work } from '@app/database'
import type { Connection, HealthState } from '../connection/connection.ts'
import { ConnectionNews } from '../connection/connection-news.ts'
import type { Probed, ProbeOutcome } from '../credentials/probe.ts'
import { HealthChange, newsOf } from './health-change.ts'

/**
 * What a check found out, in the unit of work that holds the connection's row: its health is noted, its standing judged,
 * and what changed is news. The database's own function counts the failures, for whoever else writes them.
 */
@Injectable()
export class Findings {
  constructor(private readonly news: ConnectionNews) {}

  async note(connection: Connection, { outcome, milliseconds }: Probed, unit: Work): Promise<void> {
    if (outcome.kind === 'ok' && outcome.account) connection.belongTo(outcome.account)
    if (saysNothing(outcome, connection)) return
    const { status, health_state } = connection
    const message = messageOf(outcome)
    const { rows } = await unit.query<{ state: HealthState }>(
      'SELECT update_integration_health($1, $2, $3, $4) AS state',
      [connection.id, outcome.kind === 'ok', message, milliseconds],
    )
    connection.judge(outcome.kind, new Date())
    const from = { status, health_state }
    const to = { status: connection.status, health_state: rows[0]?.state ?? health_state }
    const type = newsOf(from, to)
    if (!type) return
    const change = new HealthChange(connection, from, to, { type, message })
    unit.em.persist(change)
    await this.news.tell(unit, { ...connection, ...to }, { type, of: change.id, message })
  }
}

function saysNothing(outcome: ProbeOutcome, { status }: Connection): boolean {
  if (outcome.kind !== 'unreachable') return false
  // A first check that never reached the provider says nothing about the connection: its health stays unknown. And who
  // is asked to come later was heard by somebody who is well.
  return status === 'pending' || outcome.why === 'rate_limited'
}

function messageOf(outcome: ProbeOutcome): string | null {
  if (outcome.kind === 'rejected') return 'credentials_rejected'
  return outcome.kind === 'unreachable' ? outcome.why : null
}
