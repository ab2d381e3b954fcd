import { Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { GroupCommit } from '@app/bodies'
import { Database, Lane } from '@app/database'
import { Arrivals } from '../processing/arrivals.ts'
import type { NewEvent } from './webhook-event.ts'

export interface Recorded {
  eventId: string
  duplicate: boolean
}

interface Row {
  event: NewEvent
  bodyUrl: string
}

const LANES = 2

/**
 * Event rows, committed in groups. The unique keys decide what is a duplicate, in one atomic insert; what was not
 * inserted is looked up, and is then known to be committed.
 */
@Injectable()
export class EventRecorder implements OnApplicationShutdown {
  readonly #lanes: Lane[]
  readonly #groups: GroupCommit<Row, Recorded>

  constructor(
    database: Database,
    private readonly arrivals: Arrivals,
  ) {
    this.#lanes = Array.from({ length: LANES }, (_, n) => new Lane(database.url, `ingest-${n}`))
    this.#groups = new GroupCommit(
      { lanes: LANES, groupItems: 500, groupBytes: 4 * 1024 * 1024, waitingBytes: 64 * 1024 * 1024 },
      (rows, lane) => this.#write(rows, this.#lanes[lane]!),
    )
  }

  record(event: NewEvent, bodyUrl: string): Promise<Recorded> {
    return this.#groups.add({ event, bodyUrl }, 2_000)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#groups.close()
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  async #write(rows: Row[], lane: Lane): Promise<(Recorded | Error)[]> {
    try {
      return await this.#insert(rows, lane)
    } catch (error) {
      if (rows.length === 1 || !isOfOneRow(error)) return rows.map(() => error as Error)
      // One bad row (its connection was just deleted, say) must not sink its neighbours.
      const outcomes: (Recorded | Error)[] = []
      for (const row of rows) outcomes.push(...(await this.#write([row], lane)))
      return outcomes
    }
  }

  async #insert(rows: Row[], lane: Lane): Promise<Recorded[]> {
    const { rows: inserted } = await lane.query<{ id: string }>({
      name: 'insert-events',
      text: INSERT,
      values: columnsOf(rows),
    })
    const fresh = new Set(inserted.map(({ id }) => id))
    if (fresh.size > 0) this.arrivals.tell()
    const known = rows.filter(({ event }) => !fresh.has(event.id))
    const firsts = known.length === 0 ? [] : await this.#firstsOf(known, lane)
    return rows.map(({ event }) => {
      if (fresh.has(event.id)) return { eventId: event.id, duplicate: false }
      const first = firsts[known.findIndex((row) => row.event === event)]
      if (first === undefined) throw new Error('a duplicate without a first one')
      return { eventId: first, duplicate: true }
    })
  }

  async #firstsOf(known: Row[], lane: Lane): Promise<(string | undefined)[]> {
    const { rows } = await lane.query<{ n: string; id: string }>({
      name: 'find-duplicates',
      text: FIND,
      values: [
        known.map(({ event }) => event.target.connectionId),
        known.map(({ event }) => event.dedupeKey),
        known.map(({ event }) => event.hash),
      ],
    })
    const byNumber = new Map(rows.map(({ n, id }) => [Number(n), id]))
    return known.map((_, index) => byNumber.get(index + 1))
  }
}

const INSERT = `
  INSERT INTO integration_events (id, connection_id, project_id, environment, provider, event_type, event_id, headers,
    raw_body_url, event_hash, signature, body_size, trust, body_expires_at, source_ip, user_agent)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integration_environment[], $5::integration_provider_type[],
    $6::text[], $7::text[], $8::jsonb[], $9::text[], $10::text[], $11::text[], $12::int[], $13::text[],
    $14::timestamptz[], $15::inet[], $16::text[])
  ON CONFLICT DO NOTHING RETURNING id`

const FIND = `
  SELECT k.n, e.id FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS k (connection_id, event_id, event_hash, n)
  JOIN LATERAL (
    SELECT id FROM integration_events WHERE connection_id = k.connection_id AND event_id = k.event_id
    UNION ALL
    SELECT id FROM integration_events
    WHERE k.event_id IS NULL AND connection_id = k.connection_id AND event_id IS NULL AND event_hash = k.event_hash
    LIMIT 1) e ON true`

function columnsOf(rows: Row[]): string[] {
  const column = (pick: (event: NewEvent, row: Row) => string | number | null): string =>
    arrayOf(rows.map((row) => pick(row.event, row)))
  return [
    column(({ id }) => id),
    column(({ target }) => target.connectionId),
    column(({ target }) => target.projectId),
    column(({ target }) => target.environment),
    column(({ target }) => target.provider),
    column(({ type }) => type),
    column(({ dedupeKey }) => dedupeKey),
    column(({ headers }) => JSON.stringify(headers)),
    column((_, { bodyUrl }) => bodyUrl),
    column(({ hash }) => hash),
    column(({ signature }) => signature),
    column(({ size }) => size),
    column(({ trust }) => trust),
    column(({ bodyExpiresAt }) => bodyExpiresAt.toISOString()),
    column(({ sourceIp }) => sourceIp),
    column(({ userAgent }) => userAgent),
  ]
}

/** A PostgreSQL array literal. The driver would write the same, at several times the cost a value. */
function arrayOf(values: (string | number | null)[]): string {
  return `{${values.map(elementOf).join(',')}}`
}

function elementOf(value: string | number | null): string {
  if (value === null || typeof value === 'number') return String(value)
  return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`
}

/** Data and integrity errors (classes 22 and 23) belong to a row; everything else to the connection. */
function isOfOneRow(error: unknown): boolean {
  return /^2[23]/.test((error as { code?: string }).code ?? '')
}
