import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import type { Work } from '@app/database'
import { randomToken, sha256 } from '@app/secrets'
import type { Connection } from '../connection/connection.ts'

/** Where providers deliver. In the database lies the hash of an address's key; the address itself with its connection. */
@Injectable()
export class WebhookAddresses {
  constructor(private readonly settings: Settings) {}

  /** A new one; older ones are honoured for a day more by the database's clock, so that none is lost meanwhile. */
  async give(connection: Connection, { query }: Work): Promise<void> {
    const key = randomToken(192)
    await query(
      `UPDATE webhook_addresses SET retires_at = now() + interval '24 hours'
       WHERE connection_id = $1 AND retires_at IS NULL`,
      [connection.id],
    )
    await query('INSERT INTO webhook_addresses (key_hash, connection_id) VALUES ($1, $2)', [
      sha256(key),
      connection.id,
    ])
    connection.answerAt(`${this.settings.publicUrl}/webhooks/${connection.provider}/${key}`)
  }
}
