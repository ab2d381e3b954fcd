import type { Work } from '@app/database'
import type { Connection } from '../connection/connection.ts'
import type { Probed } from '../credentials/probe.ts'

/** Notes what a check told. The database's own function counts the failures, for whoever else writes them. */
export async function noteHealth(
  connection: Connection,
  { outcome, milliseconds }: Probed,
  { query }: Work,
): Promise<void> {
  if (outcome.kind === 'ok' && outcome.account) connection.belongTo(outcome.account)
  // A first check that never reached the provider says nothing about the connection: its health stays unknown.
  if (outcome.kind === 'unreachable' && connection.status === 'pending') return
  const message = {
    ok: null,
    rejected: 'credentials_rejected',
    unreachable: 'why' in outcome ? outcome.why : null,
  }[outcome.kind]
  await query('SELECT update_integration_health($1, $2, $3, $4)', [
    connection.id,
    outcome.kind === 'ok',
    message,
    milliseconds,
  ])
}
