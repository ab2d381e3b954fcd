import { pageQuery, shownTime } from '@app/http'
import { z } from 'zod'
import { eventsQuery } from '../event/webhook-events.ts'
import type { Replay } from './replay.ts'

/** The list's own filter, without its pages: what the list shows is what a replay takes. */
const filter = eventsQuery.omit({ limit: true, cursor: true })
export type ReplayFilter = z.infer<typeof filter>

const reason = z.string().trim().min(1).max(500)

export const oneReplay = z.strictObject({ reason: reason.optional() })
export const newReplay = z.strictObject({
  filter,
  dry_run: z.boolean().default(false),
  reason: reason.optional(),
  /** How many events a second become due. */
  per_second: z.int().min(1).max(1_000).default(100),
})
export type NewReplay = z.infer<typeof newReplay>

export const replaysQuery = z.strictObject(pageQuery)

/** What is processed again: the body as it came, or only what was made of it before. */
export const shownOneReplay = z.strictObject({
  event_id: z.uuid(),
  replay_id: z.uuid(),
  replays: z.enum(['body', 'normalised_event']),
})

export const shownReplay = z.strictObject({
  /** null: a dry run, of which nothing is kept. */
  id: z.uuid().nullable(),
  dry_run: z.boolean(),
  status: z.enum(['running', 'done', 'cancelled']),
  filter: z.record(z.string(), z.unknown()),
  reason: z.string().nullable(),
  requested_by: z.string(),
  per_second: z.int(),
  matched: z.int(),
  /** There are more: counting them all would have taken too long. */
  matched_at_least: z.boolean(),
  replayed: z.int(),
  created_at: shownTime,
  finished_at: shownTime.nullable(),
})

export function presentReplay(replay: Replay, atLeast = false): Record<string, unknown> {
  return {
    id: replay.id,
    dry_run: false,
    status: replay.status,
    filter: replay.filter,
    reason: replay.reason,
    requested_by: replay.requested_by,
    per_second: replay.per_second,
    matched: Number(replay.matched),
    matched_at_least: atLeast,
    replayed: Number(replay.replayed),
    created_at: replay.created_at,
    finished_at: replay.finished_at,
  }
}
