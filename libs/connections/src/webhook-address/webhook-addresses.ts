import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import type { OwnAddress } from '@app/connector-kit'
import { Database, type Work } from '@app/database'
import { randomToken, sha256 } from '@app/secrets'
import type { Connection } from '../connection/connection.ts'

/** One of ours, under whatever name the platform had when it was given out. */
const ADDRESS = /\/webhooks\/[a-z0-9_]{1,64}\/([A-Za-z0-9_-]{16,128})$/

/** Where providers deliver. In the database lies the hash of an address's key; the address itself with its connection. */
@Injectable()
export class WebhookAddresses {
  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
  ) {}

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

  /**
   * The connection's own, and what leads to it: replaced addresses are known as long as it is connected. null: it has
   * none. By hand: hashes are no entity's.
   */
  async ownOf({ id, webhook_url }: Pick<Connection, 'id' | 'webhook_url'>): Promise<OwnAddress | null> {
    if (webhook_url === null) return null
    const rows = await this.database.query<{ key_hash: Buffer }>(
      'SELECT key_hash FROM webhook_addresses WHERE connection_id = $1',
      [id],
    )
    const known = new Set(rows.map(({ key_hash }) => key_hash.toString('hex')))
    return {
      url: this.settings.publicUrl + new URL(webhook_url).pathname,
      leadsHere(url) {
        const [, key] = (URL.canParse(url) && ADDRESS.exec(new URL(url).pathname)) || []
        return key !== undefined && known.has(sha256(key).toString('hex'))
      },
    }
  }
}
