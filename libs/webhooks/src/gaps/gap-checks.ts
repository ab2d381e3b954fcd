import { Injectable } from '@nestjs/common'
import type { Lendable } from '@app/connections'
import { Database } from '@app/database'
import { keyOf } from '../event/webhook-event.ts'

/** Providers keep about three days of what they sent; so do we keep bodies. */
export const LOOKS_BACK_MS = 72 * 60 * 60 * 1_000
/** Clocks differ, and lists are late: what was looked at shortly before the end is looked at again. */
const OVERLAP_MS = 60 * 60 * 1_000

/** A connection that is to be looked through. */
export type Suspect = Lendable & {
  webhook_url: string
  /** By the database's clock. */
  now: Date
  checked_until: Date | null
}

/**
 * Which connections are looked through, since when, and what of it is missing. By hand: rows of all projects, joined, and
 * a list of keys against an index.
 */
@Injectable()
export class GapChecks {
  constructor(private readonly database: Database) {}

  /** Connected ones of these providers that have an address, page by page in the order of their ids. */
  after(id: string, providers: readonly string[], most: number): Promise<Suspect[]> {
    return this.database.query<Suspect & Record<string, unknown>>(
      `SELECT c.id, c.project_id, c.environment, c.provider, c.status, c.credentials, c.config, c.webhook_url,
         now() AS now, g.checked_until
       FROM integration_connections c
       LEFT JOIN webhook_gap_checks g ON g.connection_id = c.id
       LEFT JOIN project_settings s ON s.project_id = c.project_id
       WHERE c.id > $1 AND c.provider::text = ANY ($2) AND c.status IN ('connected', 'refreshing')
         AND c.credentials IS NOT NULL AND c.webhook_url IS NOT NULL AND s.deleted_at IS NULL
       ORDER BY c.id LIMIT $3`,
      [id, providers, most],
    )
  }

  /** The ones of these dedup keys that never arrived, in their order. */
  async missing(connectionId: string, dedupeKeys: readonly string[]): Promise<ReadonlySet<string>> {
    const keys = new Map(
      dedupeKeys.flatMap((key) => {
        const stored = keyOf(key)
        return stored === null ? [] : [[stored, key] as const]
      }),
    )
    const rows = await this.database.query<{ event_id: string }>(
      'SELECT event_id FROM integration_events WHERE connection_id = $1 AND event_id = ANY ($2)',
      [connectionId, [...keys.keys()]],
    )
    for (const { event_id } of rows) keys.delete(event_id)
    return new Set(keys.values())
  }

  /** All up to here was compared. */
  async done(connectionId: string, until: Date, found: number): Promise<void> {
    await this.database.query(
      `INSERT INTO webhook_gap_checks (connection_id, checked_until, found) VALUES ($1, $2, $3)
       ON CONFLICT (connection_id) DO UPDATE
       SET checked_until = greatest(webhook_gap_checks.checked_until, excluded.checked_until), found = excluded.found, at = now()`,
      [connectionId, until, found],
    )
  }
}

/** Since when a connection is looked through: since the last look that came to its end, three days at most. */
export function sinceOf({ now, checked_until: until }: Pick<Suspect, 'now' | 'checked_until'>): Date {
  const furthest = now.getTime() - LOOKS_BACK_MS
  return new Date(until === null ? furthest : Math.max(furthest, until.getTime() - OVERLAP_MS))
}
