import { shownTime } from '@app/http'
import { z } from 'zod'
import { REASONS, STATES } from './registration-state.ts'
import type { Standing } from './registrations.ts'
import { whatToDo } from './what-to-do.ts'

export const shownRegistration = z.strictObject({
  url: z.string().nullable(),
  state: z.enum(STATES),
  reason: z.enum(REASONS).nullable(),
  checked_at: shownTime.nullable(),
  registered: z.array(
    z.strictObject({ id: z.string(), url: z.string(), events: z.array(z.string()), active: z.boolean() }),
  ),
  can_be_mended: z.boolean(),
  what_to_do: z.string().nullable(),
  what_to_do_ar: z.string().nullable(),
})

export function presentRegistration(standing: Standing, publicUrl: string): Record<string, unknown> {
  const { connection, state, reason, checkedAt, registered, canBeMended } = standing
  const { webhook_url: address } = connection
  const todo = whatToDo(standing, standing.webhooks)
  return {
    url: address === null ? null : publicUrl + new URL(address).pathname,
    state,
    reason,
    checked_at: checkedAt,
    registered: registered.map(({ id, url, events, active }) => ({ id, url, events, active })),
    can_be_mended: canBeMended,
    what_to_do: todo?.en ?? null,
    what_to_do_ar: todo?.ar ?? null,
  }
}
