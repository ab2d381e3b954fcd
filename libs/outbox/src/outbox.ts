import { Injectable } from '@nestjs/common'
import { inMinorUnits } from '@app/connector-kit'
import type { Sql } from '@app/database'
import type { News } from './outgoing-event.ts'

/** Called in the transaction that writes them; what it throws undoes the change as well. */
export type OnNews = (unit: Sql, news: readonly Told[]) => Promise<void>

/** One event that shall go out: written now, or before and told again under a replay. */
export interface Told {
  id: string
  replayId: string | null
}

/**
 * The transactional outbox. Whoever changes something adds what shall be heard of it in the same unit of work; whoever
 * sends (destinations) listens, and writes its own rows in that unit too. So nothing is told that did not happen, and
 * nothing that happened is untold.
 */
@Injectable()
export class Outbox {
  readonly #listeners: OnNews[] = []
  readonly #afterwards: (() => void)[] = []

  /**
   * Adds them, in the order of the list. One that is there already is left as it is, and is told again only under a
   * replay. By hand: one statement for however many.
   */
  async add(unit: Sql, news: readonly News[], replayId: string | null = null): Promise<void> {
    if (news.length === 0) return
    const { rows } = await unit.query<{ id: string }>({
      name: 'add-news',
      text: INSERT,
      values: [JSON.stringify(news.map(rowOf), inMinorUnits)],
    })
    const fresh = new Set(rows.map(({ id }) => id))
    const told = news
      .filter(({ id }) => replayId !== null || fresh.has(id))
      .map(({ id }) => ({ id, replayId }))
    await this.tell(unit, told)
  }

  /** Gives events that are written already to whoever sends, once more. */
  async tell(unit: Sql, told: readonly Told[]): Promise<void> {
    if (told.length === 0) return
    for (const listener of this.#listeners) await listener(unit, told)
  }

  /** For whoever sends. */
  onNews(listener: OnNews): void {
    this.#listeners.push(listener)
  }

  /** What was added is committed: whoever sends may look. A sender that is never told looks by itself. */
  committed(): void {
    for (const listener of this.#afterwards) listener()
  }

  onCommitted(listener: () => void): void {
    this.#afterwards.push(listener)
  }
}

function rowOf(news: News): Record<string, unknown> {
  return {
    id: news.id,
    project_id: news.projectId,
    environment: news.environment,
    connection_id: news.connectionId,
    provider: news.provider,
    event_id: news.eventId,
    type: news.type,
    subject: news.subject,
    occurred_at: news.occurredAt.toISOString(),
    data: news.data,
  }
}

const INSERT = `
  INSERT INTO outgoing_events (id, project_id, environment, connection_id, provider, event_id, type, subject, occurred_at, data)
  SELECT * FROM json_to_recordset($1::json) AS n (id uuid, project_id uuid, environment integration_environment,
    connection_id uuid, provider text, event_id uuid, type text, subject text, occurred_at timestamptz, data jsonb)
  ON CONFLICT (id) DO NOTHING RETURNING id`
