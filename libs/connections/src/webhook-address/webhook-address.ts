import type { Sql } from '@app/database'
import { randomToken, sha256 } from '@app/secrets'

/** A new address for a connection's webhooks; older ones are honoured for a day more, so that none is lost meanwhile. */
export async function giveAddress(
  sql: Sql,
  connection: { id: string; provider: string },
  publicUrl: string,
): Promise<string> {
  const key = randomToken(192)
  const url = `${publicUrl}/webhooks/${connection.provider}/${key}`
  await sql.query(
    `UPDATE webhook_addresses SET retires_at = now() + interval '24 hours'
     WHERE connection_id = $1 AND retires_at IS NULL`,
    [connection.id],
  )
  await sql.query('INSERT INTO webhook_addresses (key_hash, connection_id) VALUES ($1, $2)', [
    sha256(key),
    connection.id,
  ])
  await sql.query('UPDATE integration_connections SET webhook_url = $2 WHERE id = $1', [connection.id, url])
  return url
}
