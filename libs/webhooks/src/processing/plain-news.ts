import { idOf, type News } from '@app/outbox'
import type { Fact } from './facts.ts'

/** The event that a fact makes by itself, where no room of ours keeps a record of what it is about. */
export function plainNews({ observation, trust, origin, index }: Fact): News {
  const { type = 'provider.unmapped', ref, native, facts, occurredAt } = observation
  const known = type !== 'provider.unmapped'
  return {
    id: idOf(origin.eventId, type, ref, String(index)),
    projectId: origin.projectId,
    environment: origin.environment,
    connectionId: origin.connectionId,
    provider: origin.provider,
    eventId: origin.eventId,
    type,
    subject: ref,
    occurredAt: occurredAt ?? origin.receivedAt,
    data: {
      object: { provider_ref: ref, provider_status: native, ...(known && facts) },
      trust,
    },
  }
}
